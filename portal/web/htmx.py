"""How views answer: the page or its fragment, the form again with 422, or on to another page."""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from wtforms import Field, FieldList, Form, FormField

from portal.db import is_for_another_try
from portal.domain.errors import DomainError
from portal.domain.i18n import Msgid
from portal.extensions import db

Result = TypeVar("Result")
_TRIES = 3


def wants_fragment() -> bool:
    """Whether htmx asks for a part of the page; when it restores history it wants the whole."""
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers


def say(error: DomainError) -> str:
    """The refusal in the user's language; params that are refusals' own msgids are translated too."""
    params = {
        key: gettext(value) if isinstance(value, Msgid) else value for key, value in error.params.items()
    }
    text: str = gettext(error.msgid, **params) if params else gettext(error.msgid)
    return text


def submit(form: Form | None, work: Callable[[], Result]) -> Result | None:
    """Do the work and commit once; a refusal is put on the form (None is given) and nothing of the work stays.

    Without a form the refusal is raised on, to be shown as a page of its own.
    """
    for turn in range(1, _TRIES + 1):
        try:
            result = work()
            db.session.commit()
        except DomainError as error:
            db.session.rollback()
            if form is None:
                raise
            refuse(form, error)
            return None
        except StaleDataError:
            db.session.rollback()
            error = DomainError("Somebody else saved this a moment ago. Check it again before you go on.")
            if form is None:
                raise error from None
            refuse(form, error)
            return None
        except (OperationalError, IntegrityError) as error:
            db.session.rollback()
            if turn == _TRIES or not is_for_another_try(error):
                raise
            logging.getLogger(__name__).info("transaction retried: %s", error.orig)
            time.sleep(0.02 * turn)
        else:
            return result
    raise AssertionError("unreachable")


def apart(form: Form, work: Callable[[], Result]) -> Result | None:
    """Do slow work that asks the database nothing, while this request holds none of it; a refusal is put on the form.

    Who is signed in was asked for already, and on SQLite a request that may write holds the lock from then on.
    """
    db.session.rollback()
    return submit(form, work)


def refuse(form: Form, error: DomainError) -> None:
    """Put a refusal beside its field, or on top of the form when it has none."""
    field = (form._fields.get(error.field) or _named(form, error.field)) if error.field else None
    if field is not None and isinstance(field.errors, list | tuple):
        field.errors = [*field.errors, say(error)]
        for outer in form:
            # A list does not ask its rows again; as validation would have told it.
            if isinstance(outer, FieldList) and (error.field or "").startswith(f"{outer.name}-"):
                outer.errors = [*outer.errors, {field.short_name: [say(error)]}]
    else:
        form.form_errors = [*form.form_errors, say(error)]


def _named(form: Form, name: str) -> Field | None:
    """The field of this name, in a row of the form too: `prices-0-amount`."""
    for field in form:
        if field.name == name:
            return field
        for part in field.entries if isinstance(field, FieldList) else [field]:
            if isinstance(part, FormField) and (found := _named(part.form, name)) is not None:
                return found
    return None


def render(
    template: str, *, fragment: str | None = None, form: Form | None = None, **context: Any
) -> Response:
    """The page, or its fragment for htmx; 422 when the form was refused."""
    name = fragment if fragment and wants_fragment() else template
    status = 422 if form is not None and form.errors and request.method == "POST" else 200
    response = make_response(render_template(name, form=form, **context), status)
    response.vary.add("HX-Request")
    return response


def leave(url: str) -> ResponseReturnValue:
    """On to another page after a success: 303, or HX-Redirect since htmx would swap the followed page in.

    Not HX-Location: htmx asks for that page itself, and would be given no more than its fragment.
    """
    if "HX-Request" in request.headers:
        return Response(status=204, headers={"HX-Redirect": url})
    return redirect(url, 303)
