"""The people at a distributor, and its licences."""

import json

from flask import abort, flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.distributors import bp
from portal.blueprints.distributors.forms import ContactForm, ErasureForm, LicenceForm
from portal.blueprints.distributors.loading import writable
from portal.domain.access.roles import Permission as P
from portal.domain.distributors import contacts, licences
from portal.domain.distributors.contacts import Erasure
from portal.domain.distributors.facts import CONTACT_FACTS, LICENCE_FACTS
from portal.domain.distributors.models import Contact, Distributor, Licence
from portal.domain.errors import Stale
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW


def _contact(distributor: Distributor, contact_id: int) -> Contact:
    return next((one for one in distributor.people if one.id == contact_id), None) or abort(404)


def _licence(distributor: Distributor, licence_id: int) -> Licence:
    return next((one for one in distributor.licences_held if one.id == licence_id), None) or abort(404)


def _said(form: ContactForm) -> dict[str, str | bool]:
    return {fact.name: form[fact.name].data or "" for fact in CONTACT_FACTS} | {
        "is_primary": form.is_primary.data
    }


@bp.route(f"/<{ROW}:id>/contacts/new", methods=["GET", "POST"])
@requires(P.DISTRIBUTORS_WRITE)
def contact_new(id: int) -> ResponseReturnValue:
    """A new contact; the first one is the main contact."""
    distributor = writable(id)
    form = ContactForm(data={"is_primary": not distributor.people})
    if form.validate_on_submit() and submit(
        form, lambda: contacts.add(db.session, actor(), distributor, _said(form))
    ):
        flash(_("The contact has been added."), "success")
        return leave(url_for(".detail", id=id, _anchor="people"))
    return render("distributors/contact.html", form=form, d=distributor, contact=None)


@bp.route(f"/<{ROW}:id>/contacts/<{ROW}:contact_id>/edit", methods=["GET", "POST"])
@requires(P.DISTRIBUTORS_WRITE)
def contact_edit(id: int, contact_id: int) -> ResponseReturnValue:
    """Change a contact."""
    distributor = writable(id)
    contact = _contact(distributor, contact_id)
    form = ContactForm(obj=contact, data={"opened": _as_opened(contact)})
    theirs: list[tuple[str, str, str]] = []

    def change() -> bool:
        try:
            contacts.edit(
                db.session,
                actor(),
                distributor,
                contact,
                _said(form),
                opened=_opened(form),
            )
        except Stale:
            theirs.extend(_differing(form, contact))
            form.opened.data, form.opened.raw_data = _as_opened(contact), None
            raise
        return True

    if form.validate_on_submit() and submit(form, change):
        flash(_("The contact has been saved."), "success")
        return leave(url_for(".detail", id=id, _anchor="people"))
    return render("distributors/contact.html", form=form, d=distributor, contact=contact, theirs=theirs)


def _as_opened(contact: Contact) -> str:
    return json.dumps(contacts.facts_of(contact), ensure_ascii=False, sort_keys=True)


def _opened(form: ContactForm) -> dict[str, str]:
    """What the form says the contact was; what cannot be read is another contact than the one there is."""
    try:
        said = json.loads(form.opened.data or "{}")
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _differing(form: ContactForm, contact: Contact) -> list[tuple[str, str, str]]:
    """(label, theirs, mine) of what the form says otherwise than the contact as it is now."""
    now = contacts.facts_of(contact)
    return [
        (fact.label, now[fact.name], str(form[fact.name].data or ""))
        for fact in CONTACT_FACTS
        if now[fact.name] != str(form[fact.name].data or "")
    ]


@bp.route(f"/<{ROW}:id>/contacts/<{ROW}:contact_id>/erase", methods=["GET", "POST"])
@requires(P.DISTRIBUTORS_WRITE)
def contact_erase(id: int, contact_id: int) -> ResponseReturnValue:
    """Erase a person's data, for one of four reasons."""
    distributor = writable(id)
    contact = _contact(distributor, contact_id)
    form = ErasureForm()

    def erase() -> bool:
        contacts.erase(db.session, actor(), distributor, contact, Erasure(form.why.data))
        return True

    if form.validate_on_submit() and submit(form, erase):
        flash(_("The contact's data has been erased."), "success")
        return leave(url_for(".detail", id=id, _anchor="people"))
    return render("distributors/contact_erase.html", form=form, d=distributor, contact=contact)


@bp.route(f"/<{ROW}:id>/licences/new", methods=["GET", "POST"])
@requires(P.DISTRIBUTORS_WRITE)
def licence_new(id: int) -> ResponseReturnValue:
    """A new licence."""
    distributor = writable(id)
    form = LicenceForm()
    if form.validate_on_submit() and submit(
        form, lambda: licences.add(db.session, actor(), distributor, _licensed(form))
    ):
        flash(_("The licence has been added."), "success")
        return leave(url_for(".detail", id=id, _anchor="licences"))
    return render("distributors/licence.html", form=form, d=distributor, licence=None)


@bp.route(f"/<{ROW}:id>/licences/<{ROW}:licence_id>/edit", methods=["GET", "POST"])
@requires(P.DISTRIBUTORS_WRITE)
def licence_edit(id: int, licence_id: int) -> ResponseReturnValue:
    """Change a licence, or end one that was given up or replaced."""
    distributor = writable(id)
    licence = _licence(distributor, licence_id)
    form = LicenceForm(obj=licence)

    def change() -> bool:
        said = _licensed(form) | {"is_ended": form.is_ended.data}
        licences.edit(db.session, actor(), distributor, licence, said)
        return True

    if form.validate_on_submit() and submit(form, change):
        flash(_("The licence has been saved."), "success")
        return leave(url_for(".detail", id=id, _anchor="licences"))
    return render("distributors/licence.html", form=form, d=distributor, licence=licence)


def _licensed(form: LicenceForm) -> dict[str, object]:
    return {fact.name: form[fact.name].data for fact in LICENCE_FACTS}
