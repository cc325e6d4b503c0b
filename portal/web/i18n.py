"""Which language a page speaks."""

from flask import Flask, request, session
from flask_babel import get_locale
from flask_login import current_user

from portal.extensions import babel

LANGUAGES = ("zh_CN", "en")


def select_locale() -> str:
    """The user's own choice, else this browser session's, else what the browser asks for; the default is Chinese."""
    if current_user and current_user.is_authenticated and current_user.account.language in LANGUAGES:
        return str(current_user.account.language)
    if session.get("language") in LANGUAGES:
        return str(session["language"])
    for wanted, _quality in request.accept_languages:
        # zh, zh-TW, zh-Hans-CN, zh_HK: every kind of Chinese reads zh_CN better than English.
        if wanted.lower().startswith("zh"):
            return "zh_CN"
        if wanted.lower().startswith("en"):
            return "en"
    return "zh_CN"


def init_app(app: Flask) -> None:
    """Bind Flask-Babel and give templates the language of the page."""
    babel.init_app(app, locale_selector=select_locale)

    @app.context_processor
    def language() -> dict[str, str]:
        code = str(get_locale())
        return {
            "lang": "zh-CN" if code.startswith("zh") else "en",
            "other_language": "en" if code.startswith("zh") else "zh_CN",
        }

    @app.after_request
    def vary(response):  # type: ignore[no-untyped-def]
        if response.mimetype == "text/html":
            response.vary.add("Accept-Language")
            response.vary.add("Cookie")
        return response
