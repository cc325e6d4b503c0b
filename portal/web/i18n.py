"""Which language a page speaks."""

from functools import cache, lru_cache
from typing import Any

import flask_wtf.i18n
from babel import Locale
from babel.support import Translations
from flask import Flask, g, has_app_context, has_request_context, request, session
from flask_babel import Babel, Domain, get_locale
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from markupsafe import Markup
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header
from wtforms.i18n import messages_path

LANGUAGES = ("zh_CN", "en")


class Catalogues(Domain):  # type: ignore[misc]
    """The catalogues, one per language; that of zh_CN serves what Babel calls zh_Hans_CN."""

    def get_translations(self) -> Translations:
        """The catalogue of the page's language."""
        return self.of(language())

    def of(self, code: str) -> Translations:
        """The catalogue of this language."""
        if code not in self.cache:
            self.cache[code] = Translations.load(self.translation_directories[0], [code])
        return self.cache[code]


class Languages(Babel):  # type: ignore[misc]
    """Flask-Babel with our catalogues."""

    catalogues = Catalogues()

    @property
    def domain_instance(self) -> Domain:
        """Where every translation is looked up."""
        return self.catalogues


babel = Languages()


def select_locale() -> Locale:
    """The user's own choice, else this browser's, else what it asks for; Chinese by default."""
    return _LOCALES[_wanted()]


# Parsed once: parsing looks through the names of all languages there are, for a millisecond of every request.
_LOCALES = {code: Locale.parse(code) for code in LANGUAGES}


def _wanted() -> str:
    if not has_request_context():
        return "zh_CN"
    # A page that says that the database is gone does not ask it.
    is_known = not g.get("without_database") and current_user and current_user.is_authenticated
    if is_known and current_user.account.language in LANGUAGES:
        return str(current_user.account.language)
    if session.get("language") in LANGUAGES:
        return str(session["language"])
    return _asked_for(request.headers.get("Accept-Language", "")[:1_000])


@lru_cache(maxsize=256)
def _asked_for(header: str) -> str:
    for wanted, _quality in parse_accept_header(header, LanguageAccept):
        # zh, zh-TW, zh-Hans-CN, zh_HK: every kind of Chinese reads zh_CN better than English.
        if wanted.lower().startswith("zh"):
            return "zh_CN"
        if wanted.lower().startswith("en"):
            return "en"
    return "zh_CN"


def language() -> str:
    """The language of this page: zh_CN or en."""
    # Where Flask-Babel keeps what it found out: its own way there costs more than the message looked up, and each
    # attribute of `g` more than all else here; a page asks forty times.
    known = g._get_current_object() if has_app_context() else {}
    locale = getattr(known.get("_flask_babel"), "babel_locale", None) or get_locale()
    return "zh_CN" if locale is None or locale.language == "zh" else "en"


def _catalogue() -> Translations:
    """The catalogue of this page, without Flask-Babel's search for it: a page has hundreds of messages."""
    return babel.domain_instance.get_translations()


@cache
def _wtforms_catalogue(code: str) -> Translations:
    return Translations.load(messages_path(), [code], domain="wtforms")


# What WTForms says of a value outside its list, in words of ours: its own Chinese knows not all of them.
_NOT_IN_THE_LIST = _l("Choose from the list.")
_OWN_WORDS: dict[str, Any] = dict.fromkeys(
    (
        "Not a valid choice.",
        "Invalid Choice: could not coerce.",
        "Invalid choice(s): one or more data inputs could not be coerced.",
        "'%(value)s' is not a valid choice for this field.",
    ),
    _NOT_IN_THE_LIST,
)


class _FieldWords:
    """What WTForms says, in the page's language: ours where we say it ourselves."""

    def __init__(self, catalogue: Translations) -> None:
        self._catalogue = catalogue

    def ugettext(self, text: str) -> str:
        """A message."""
        return str(_OWN_WORDS[text]) if text in _OWN_WORDS else self._catalogue.ugettext(text)

    def ungettext(self, one: str, many: str, number: int) -> str:
        """A message with a number."""
        return str(_OWN_WORDS[one]) if one in _OWN_WORDS else self._catalogue.ungettext(one, many, number)


def _wtforms_translations() -> _FieldWords | None:
    """WTForms' own words in the page's language; Flask-WTF would read their file for every request."""
    return _FieldWords(_wtforms_catalogue(str(_LOCALES[language()]))) if request else None


@lru_cache(maxsize=4096)
def _pattern(_language: str, text: str) -> Markup:
    return Markup(_catalogue().ugettext(text))  # noqa: S704 - a catalogue's own text


@lru_cache(maxsize=4096)
def _sentence(language: str, text: str) -> Markup:
    return _pattern(language, text) % {}


def _message(text: str, /, **values: Any) -> Markup:
    """A message of a template; every one is a pattern, also without values, and values are escaped."""
    return _pattern(language(), text) % values if values else _sentence(language(), text)


def init_app(app: Flask) -> None:
    """Bind Flask-Babel and give templates the language of the page."""
    babel.init_app(app, locale_selector=select_locale)
    flask_wtf.i18n._get_translations = _wtforms_translations
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: _catalogue().ugettext(text),
        lambda one, many, number: _catalogue().ungettext(one, many, number),
        pgettext=lambda context, text: _catalogue().upgettext(context, text),
        npgettext=lambda context, one, many, number: _catalogue().unpgettext(context, one, many, number),
        newstyle=True,
    )
    app.jinja_env.globals.update(gettext=_message, _=_message)

    @app.context_processor
    def languages() -> dict[str, str]:
        is_chinese = language() == "zh_CN"
        return {
            "lang": "zh-CN" if is_chinese else "en",
            "other_language": "en" if is_chinese else "zh_CN",
        }

    @app.after_request
    def vary(response):  # type: ignore[no-untyped-def]
        if response.mimetype == "text/html":
            response.vary.add("Accept-Language")
            response.vary.add("Cookie")
        return response
