"""Parts of pages that are written in one go: once for many requests, or many rows at once."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

from flask import Flask, current_app, request, url_for
from jinja2 import Template
from jinja2.environment import TemplateModule
from jinja2.runtime import Context
from markupsafe import Markup, escape

from portal.web.i18n import language

_KEPT_MOST = 1_000_000  # characters
_KEY_LONGEST = 400


class _Parts(dict[tuple[Hashable, ...], str]):
    """What was written, by all that it is made of; so many characters at most, then it begins anew."""

    size = 0

    def keep(self, key: tuple[Hashable, ...], text: str) -> None:
        if self.size + len(text) > _KEPT_MOST:
            self.clear()
            self.size = 0
        self[key] = text
        self.size += len(text)


def kept(*key: Hashable, caller: Callable[[], str]) -> str:
    """A part of a page that is made of nothing but `key`, the language and the portal's address: written once.

    `{% call kept("rail", request.endpoint, shell.rights) %}…{% endcall %}`; the first of the key names the part.
    Nothing in it may come from anywhere else: no name of a user, no token, no nonce.
    """
    parts: _Parts = current_app.extensions["portal_parts"]
    whole = (language(), request.script_root, *key)
    found = parts.get(whole)
    if found is None:
        found = caller()
        # An address may be as long as somebody likes.
        if sum(len(one) for one in key if isinstance(one, str)) <= _KEY_LONGEST:
            parts.keep(whole, found)
    return found


def address_of(endpoint: str, **values: object) -> str:
    """`url_for`; one without values is the same on every page and built once."""
    if values or endpoint.startswith("."):
        return url_for(endpoint, **values)  # type: ignore[arg-type]
    built: dict[tuple[str, str], str] = current_app.extensions["portal_addresses"]
    key = request.script_root, endpoint
    if key not in built:
        built[key] = url_for(endpoint)
    return built[key]


_CUT = "\0"  # stands in no text: the domain takes it out, and PostgreSQL refuses it


class Cells:
    """What a row's pattern is rendered with: every attribute stands for the cell of that name."""

    def __getattr__(self, name: str) -> Markup:
        return Markup(_CUT + name + _CUT)  # noqa: S704 - names of the template


class Html(list[str]):
    """The cells of a column that are HTML already, or are known to hold nothing that HTML knows."""


def rows_by(name: str, columns: Mapping[str, Sequence[str]], *, caller: Callable[[Cells], str]) -> Markup:
    """A list's rows by one pattern, a macro's `caller`: `{% call(cell) rows_by("register", columns) %}<tr>…`.

    The template says once what a row looks like, from nothing but its cells and the language; the cells of a
    column are escaped together, unless it is `Html`. That costs a tenth of going through the template for every
    row. `name` tells this pattern from those of other lists.
    """
    parts = kept("rows", name, caller=lambda: str(caller(Cells())).replace("%", "%%")).split(_CUT)
    pattern = "%s".join(parts[0::2])
    cells = {key: cells if isinstance(cells, Html) else _escaped(cells) for key, cells in columns.items()}
    rows = zip(*(cells[key] for key in parts[1::2]), strict=True)
    return Markup("".join(map(pattern.__mod__, rows)))  # noqa: S704 - a template's pattern, escaped texts


def _escaped(cells: Sequence[str]) -> list[str]:
    """The texts as they stand in HTML, escaped together."""
    escaped = str(escape(_CUT.join(cells))).split(_CUT)
    if len(escaped) != len(cells):
        escaped = [str(escape(text)).replace(_CUT, "") for text in cells]
    return escaped


def options(choices: Iterable[tuple[object, object]], chosen: object = "") -> Markup:
    """The options of a select by (value, text); offices and owners are many, so they are written in one go."""
    wanted = str(chosen)
    pairs = [(str(value), text if isinstance(text, str) else str(text)) for value, text in choices]
    values, texts = _escaped([value for value, _ in pairs]), _escaped([text for _, text in pairs])
    return Markup(  # noqa: S704 - both parts are escaped
        "".join(
            [
                f'<option value="{written}"{" selected" if value == wanted else ""}>{text}</option>'
                for (value, _), written, text in zip(pairs, values, texts, strict=True)
            ]
        )
    )


class PortalTemplate(Template):
    """A template of ours: all of them know the same names beside what a view gives them.

    Jinja compares the names of both sides, some hundred each, whenever one template imports another's macros.
    """

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        return super()._get_default_module()


def init_app(app: Flask) -> None:
    """Give templates these, and the application its place for what is kept."""
    app.jinja_env.template_class = PortalTemplate
    app.extensions["portal_parts"] = _Parts()
    app.extensions["portal_addresses"] = {}
    app.jinja_env.globals.update(kept=kept, options=options, rows_by=rows_by, url_for=address_of)
