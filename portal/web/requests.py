"""Requests as the portal takes them: no NUL reaches a view, since PostgreSQL keeps it in no text."""

from typing import Any

from flask import Flask, Request, Response, session
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.routing import UnicodeConverter, ValidationError
from werkzeug.utils import cached_property

from portal.domain.price_protection.violations import codes

# How an address names a row: what neither a database nor a page's script could hold is no page.
ROW = "int(max=9007199254740991)"
# How it names a violation case (`Case.code`): drawn by lot, so that nobody counts reports by addresses.
CASE_CODE = "case_code"


def _without_nul(values: MultiDict[str, str]) -> ImmutableMultiDict[str, str]:
    if not any("\x00" in name or "\x00" in value for name, value in values.items(multi=True)):
        return values  # type: ignore[return-value]
    return ImmutableMultiDict(
        (name.replace("\x00", ""), value.replace("\x00", "")) for name, value in values.items(multi=True)
    )


class PortalRequest(Request):
    """A request whose query and form hold text that every database can keep."""

    @cached_property
    def args(self) -> MultiDict[str, str]:  # type: ignore[override]
        """The query of the address."""
        return _without_nul(super().args)

    def _load_form_data(self) -> None:
        # Werkzeug holds only the parts of a multipart form to this limit.
        most = self.max_form_memory_size
        is_plain = self.mimetype == "application/x-www-form-urlencoded"
        if is_plain and most is not None and (self.content_length or 0) > most:
            raise RequestEntityTooLarge()
        super()._load_form_data()
        parts: dict[str, Any] = self.__dict__
        parts["form"] = _without_nul(parts["form"])


class TextConverter(UnicodeConverter):
    """A part of an address; with a NUL in it, it names nothing."""

    def to_python(self, value: str) -> str:
        """The text, or no match."""
        if "\x00" in value:
            raise ValidationError()
        return value


class CaseCodeConverter(TextConverter):
    """A part of an address that names a case."""

    regex = codes.PATTERN


_SAID_MOST = 5


def init_app(app: Flask) -> None:
    """Take requests this way; before any route is registered."""

    @app.after_request
    def forget_the_first(response: Response) -> Response:
        # What was said and never shown waits in the cookie, and a browser takes no cookie of more than 4 KiB.
        said = session.get("_flashes", ())
        if len(said) > _SAID_MOST:
            session["_flashes"] = said[-_SAID_MOST:]
        return response

    app.request_class = PortalRequest
    app.url_map.converters["default"] = app.url_map.converters["string"] = TextConverter
    app.url_map.converters[CASE_CODE] = CaseCodeConverter
