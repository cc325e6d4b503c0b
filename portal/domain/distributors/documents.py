"""Files kept with a distributor: business licence, account opening, photographs of the shop (D1)."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now
from portal.domain.audit import services as audit
from portal.domain.distributors.facts import line
from portal.domain.distributors.models import Distributor, DistributorDocument
from portal.domain.documents import services as documents
from portal.domain.documents.models import Document
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.users.models import User

_TITLE = line(60)

_FILED = (
    sa.select(
        DistributorDocument.id,
        DistributorDocument.title,
        DistributorDocument.filed_at,
        Document.size,
        User.name.label("filed_by"),
    )
    .join(Document, Document.id == DistributorDocument.document_id)
    .outerjoin(User, User.id == DistributorDocument.filed_by_id)
    .where(
        DistributorDocument.distributor_id == sa.bindparam("distributor"),
        DistributorDocument.withdrawn_at.is_(None),
    )
    .order_by(DistributorDocument.filed_at.desc(), DistributorDocument.id.desc())
)


def filed(session: Session, distributor: Distributor) -> Sequence[Any]:
    """What a list shows of the documents on file, the newest first: id, title, filed_at, size in bytes, filed_by."""
    return session.connection().execute(_FILED, {"distributor": distributor.id}).all()


def file(
    session: Session, actor: User, distributor: Distributor, data: bytes, *, filename: str, title: str
) -> DistributorDocument:
    """Keep a PDF, JPG, PNG or TIFF (told by its bytes) under a title; without one the file's name is it.

    Raises DomainError on `file` or `title`.
    """
    lock(session, distributor)
    document = documents.store(
        session, data, filename=filename, by=actor, allowed=documents.SCANS, field="file"
    )
    if same := next(
        (one for one in distributor.documents_filed if one.document.sha256 == document.sha256), None
    ):
        raise DomainError(N_("This file has already been filed: %(title)s"), field="file", title=same.title)
    try:
        name = _TITLE(title) or PurePath(document.filename).stem[:60]
    except DomainError as error:
        raise DomainError(error.msgid, field="title", **error.params) from error
    filed = DistributorDocument(
        distributor_id=distributor.id, document_id=document.id, title=name, filed_by_id=actor.id
    )
    distributor.papers.append(filed)
    session.flush()
    audit.record(
        session,
        actor,
        "distributor.document_filed",
        distributor,
        document_id=filed.id,
        title=name,
        sha256=document.sha256,
    )
    session.refresh(distributor)
    return filed


def withdraw(
    session: Session, actor: User, distributor: Distributor, filed: DistributorDocument, *, why: str
) -> None:
    """Take a document that was filed by mistake off the record, with a reason; row and content stay."""
    lock(session, filed)
    if filed.withdrawn_at is not None:
        raise DomainError(N_("This document has been withdrawn."))
    try:
        reason = line(200)(why)
    except DomainError as error:
        raise DomainError(error.msgid, field="why", **error.params) from error
    if not reason:
        raise DomainError(N_("Enter why it is being withdrawn."), field="why")
    filed.withdrawn_at = now()
    audit.record(
        session,
        actor,
        "distributor.document_withdrawn",
        distributor,
        document_id=filed.id,
        title=filed.title,
        why=reason,
    )
    session.flush()
    session.refresh(distributor)
