"""The vault of reporters for whoever serves a request: its key is read from its file once per process."""

from flask import current_app

from portal.config import reporter_key_file
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.violations import reporters
from portal.domain.price_protection.violations.vault import Vault, make_key, read_key
from portal.extensions import db

_HELD = "reporter_vault"


def vault() -> Vault:
    """The vault; its key is made with the first report. DomainError when it is missing although one was used."""
    held: Vault | None = current_app.extensions.get(_HELD)
    if held is not None:
        return held
    path = reporter_key_file(current_app.config)
    key = read_key(path)
    if key is None:
        if reporters.has_any(db.session()):
            raise DomainError(
                N_(
                    "The key file of reporters is missing. Ask the administrator to put it back; nothing was saved."
                )
            )
        key = make_key(path)
    made = current_app.extensions[_HELD] = Vault(key)
    return made
