"""What commands say: English and Chinese, since nobody knows who reads a terminal or a log."""

from typing import Any

from flask_babel import gettext

from portal.domain.i18n import Msgid


def both(msgid: str, **params: Any) -> str:
    """The sentence in English, then in Chinese, on one line; params that are msgids are translated too."""
    english = msgid % params if params else msgid
    said = {key: gettext(value) if isinstance(value, Msgid) else value for key, value in params.items()}
    chinese = gettext(msgid, **said) if params else gettext(msgid)
    return english if chinese == english else f"{english} {chinese}"
