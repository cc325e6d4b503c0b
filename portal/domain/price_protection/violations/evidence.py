"""Evidence: files sealed before they are addressed, with a trail of whose hands they went through (P5, 7.3)."""

import json
from datetime import datetime, time
from pathlib import PurePath

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA, clock_at, now, today
from portal.domain.documents import services as documents
from portal.domain.documents.images import MOST_PIXELS, pixels
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.violations import base, reporters
from portal.domain.price_protection.violations.models import (
    Case,
    Custody,
    CustodyAction,
    Evidence,
    State,
)
from portal.domain.price_protection.violations.vault import FACTS, FILES, Vault, sha256
from portal.domain.text import clean
from portal.domain.users.models import User

MOST_BYTES = 32 * 1024 * 1024
_BOX = "application/octet-stream"
# Photographs, papers, recordings: what a browser does not run.
_SHOWN = frozenset({"application/pdf", "image/jpeg", "image/png"})


def keep(
    session: Session, vault: Vault, actor: User | None, case: Case, filename: str, data: bytes
) -> Evidence:
    """Seal a file and keep it; without an actor it came with the report, and its trail names neither hand nor hour."""
    if not data:
        raise DomainError(N_("The file is empty. Choose it again."), field="files")
    if len(data) > MOST_BYTES or pixels(data) > MOST_PIXELS:
        raise DomainError(
            N_("The file is too large; at most %(limit)s MB."), field="files", limit=MOST_BYTES // 1024**2
        )
    no = 1 + (session.scalar(sa.select(sa.func.max(Evidence.no)).where(Evidence.case_id == case.id)) or 0)
    facts = {
        "filename": PurePath(clean(filename).replace("\\", "/")).name[-200:] or "file",
        "media_type": documents.media_type_of(data),
        "sha256": sha256(data),
        "size": len(data),
    }
    # Neither the name it was handed in under nor whoever did it, nor when, stands in the clear.
    with clock_at(datetime.combine(case.act_on, time(), CHINA)):
        document = documents.store(
            session,
            vault.seal(data, f"case:{case.id}:evidence:{no}", filled_to=FILES),
            filename="evidence",
            by=None,
            media_type=_BOX,
        )
    row = Evidence(
        case_id=case.id,
        no=no,
        document_id=document.id,
        key_id=vault.key_id,
        sealed=vault.seal(
            json.dumps(facts, sort_keys=True).encode(), f"case:{case.id}:evidence:{no}:facts", filled_to=FACTS
        ),
    )
    session.add(row)
    session.flush()
    _trail(session, row, CustodyAction.WITH_REPORT if actor is None else CustodyAction.ADDED, actor)
    return row


def add(
    session: Session, vault: Vault, actor: User, case: Case, files: list[tuple[str, bytes]]
) -> list[Evidence]:
    """Add evidence that was found in the investigation; a named investigator's."""
    base.hold(session, case, State.EXAMINED, State.OPENED, State.NOTIFIED)
    reporters.require_named(case, actor)
    added = [keep(session, vault, actor, case, name, data) for name, data in files]
    base.record(session, actor, case, "evidence_added", count=len(added))
    return added


def open_file(
    session: Session, vault: Vault, actor: User, row: Evidence, case: Case
) -> tuple[str, str, bytes]:
    """Its name, kind and content for a named investigator; the look is in its trail. The caller commits.

    RuntimeError when the content is not what was handed in.
    """
    reporters.require_named(case, actor)
    known = facts(vault, row)
    sealed = documents.content(session, row.document)
    data = vault.open(sealed, f"case:{row.case_id}:evidence:{row.no}")
    if sha256(data) != known["sha256"]:
        raise RuntimeError(f"evidence {row.id} is damaged")
    _trail(session, row, CustodyAction.SEEN, actor)
    media_type = known["media_type"] if known["media_type"] in _SHOWN else _BOX
    return str(known["filename"]), str(media_type), data


def facts(vault: Vault, row: Evidence) -> dict[str, str]:
    """Its name, kind, size and hash as they were handed in."""
    said: dict[str, str] = json.loads(vault.open(row.sealed, f"case:{row.case_id}:evidence:{row.no}:facts"))
    return said


def pass_on(session: Session, actor: User, case: Case, row: Evidence, note: str) -> None:
    """Write down to whom the thing itself, or a copy, was passed, and why; a named investigator's."""
    base.hold(session, case)
    reporters.require_named(case, actor)
    _trail(session, row, CustodyAction.PASSED_ON, actor, base.text(note, 200, "note"))
    base.record(session, actor, case, "evidence_passed_on", no=row.no)


def describe(
    session: Session,
    vault: Vault,
    actor: User,
    case: Case,
    row: Evidence,
    *,
    name: str,
    summary: str,
    proves: str,
) -> None:
    """Say in redacted words what it is, what it shows and what it proves, as papers may; a named investigator's."""
    base.hold(session, case, State.EXAMINED, State.OPENED, State.NOTIFIED)
    reporters.require_named(case, actor)
    if row.disclosed_on is not None:
        raise DomainError(N_("The accused could inspect it already; its words stay as they were."))
    row.name, row.summary, row.proves = (
        base.text(name, 60, "name"),
        base.text(summary, 300, "summary"),
        base.text(proves, 100, "proves"),
    )
    reporters.check_secrecy(session, vault, case, [row.name, row.summary, row.proves])
    _trail(session, row, CustodyAction.DESCRIBED, actor)
    session.flush()


def disclose(session: Session, actor: User, case: Case, row: Evidence) -> None:
    """Open further evidence to the accused, redacted, after the notice; a named investigator's (7.2, 7.3)."""
    base.hold(session, case, State.NOTIFIED)
    reporters.require_named(case, actor)
    if not row.name:
        raise DomainError(N_("Describe it in redacted words first."))
    disclosed(session, actor, row)
    base.record(session, actor, case, "evidence_disclosed", no=row.no)


def disclosed(session: Session, actor: User, row: Evidence) -> None:
    """From today on the accused can inspect it."""
    if row.disclosed_on is None:
        row.disclosed_on = today()
        _trail(session, row, CustodyAction.DISCLOSED, actor)
        session.flush()


def _trail(
    session: Session, row: Evidence, action: CustodyAction, actor: User | None, note: str = ""
) -> None:
    session.add(
        Custody(
            evidence_id=row.id,
            action=action,
            at=now() if actor else None,
            by_id=actor.id if actor else None,
            note=note,
        )
    )
    session.flush()
