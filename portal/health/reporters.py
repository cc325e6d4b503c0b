"""The key under which reporters are sealed: there, whole, and the one that they were sealed with."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from portal.config import reporter_key_file
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.violations.reporters import key_ids
from portal.domain.price_protection.violations.vault import Vault, read_key
from portal.health.findings import Finding, Place, failed, ok

_PUT_BACK = N_(
    "Put the right file back there; without it nobody can read who reported, and awards cannot be paid."
)


def reporters(place: Place) -> Iterator[Finding]:
    """Everything about the key; that there is none before the first report is in order."""
    path = reporter_key_file(place.config)
    with Session(place.engine.execution_options(portal_deferred=True)) as session:
        known = key_ids(session)
    try:
        key = read_key(path)
    except DomainError as error:
        yield failed(error.msgid, _PUT_BACK)
        return
    if key is None and known:
        yield failed(
            N_("The key file %(path)s is missing, and reporters are sealed with it."), _PUT_BACK, path=path
        )
    elif key is None:
        yield ok(N_("Nobody has reported yet: the key is made with the first report."))
    elif known - {Vault(key).key_id}:
        yield failed(N_("%(path)s is not the key with which reporters were sealed."), _PUT_BACK, path=path)
    else:
        yield ok(
            N_(
                "The key of reporters is there. No backup holds it: keep a copy of %(path)s where only few can"
                " reach it."
            ),
            path=path,
        )
