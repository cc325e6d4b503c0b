"""Printing from the application: where a paper's QR code leads, and the original of an approved agreement."""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from flask import current_app, has_request_context, request, url_for

from portal.db import now
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection import electronic_sealing
from portal.domain.price_protection.approval import Frozen
from portal.domain.price_protection.deeds.life import FrozenDeed
from portal.domain.price_protection.electronic_sealing import AnyPaper
from portal.domain.users.models import User
from portal.extensions import db
from portal.printing import pool
from portal.printing.agreement import RenderedPaper, render_agreement
from portal.printing.deeds import render_deed
from portal.sealing.certificate import SealFiles, SealTrouble


def base_url() -> str:
    """The address of this portal as other machines reach it: PORTAL_BASE_URL, else where this request came to."""
    configured: str = current_app.config["BASE_URL"]
    if configured:
        return configured
    if has_request_context():
        return request.host_url.rstrip("/")
    return f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"


def verify_url(code: str) -> str:
    """What the QR codes of the paper with this code lead to; each page adds its number."""
    if has_request_context():
        return base_url() + url_for("verify.show", code=code)
    with current_app.test_request_context():
        path = url_for("verify.show", code=code)
    return base_url() + path


def original(frozen: Frozen) -> RenderedPaper:
    """Print the paper that an approval keeps; slow, so outside any transaction."""
    return _original(frozen, verify_url(frozen.code), seal_files())


def originals(many: Sequence[Frozen]) -> Iterator[RenderedPaper | Exception]:
    """Begin to print several of them, and give them in their order, what one raises in its place.

    They are printed whether or not anybody waits: who asks for the next ones before taking these keeps every
    printing process busy.
    """
    if not many:
        return iter(())
    # Filling and writing the next one goes on while the printing processes are at the others.
    threads = ThreadPoolExecutor(len(many))
    seal = seal_files()
    asked = [threads.submit(_original, frozen, verify_url(frozen.code), seal) for frozen in many]
    threads.shutdown(wait=False)
    return map(_given, asked)


def _given(asked: Future[RenderedPaper]) -> RenderedPaper | Exception:
    try:
        return asked.result()
    except Exception as error:
        return error


def _original(frozen: Frozen, address: str, seal: SealFiles | None) -> RenderedPaper:
    printed = render_agreement(
        frozen.payload,
        frozen.template_text,
        number=frozen.number,
        version=frozen.paper_no,
        verify_url=address,
        made_at=frozen.made_at,
    )
    return _sealed(printed, seal, place_in(frozen.payload))


def deed_original(frozen: FrozenDeed) -> RenderedPaper:
    """Print the paper that the approval of an amendment or a notice keeps; slow, so outside any transaction."""
    printed = render_deed(
        frozen.data,
        frozen.template_text,
        title=frozen.title,
        version=frozen.paper_no,
        verify_url=verify_url(frozen.code),
        made_at=frozen.made_at,
    )
    return _sealed(printed, seal_files(), place_in(frozen.data))


def seal_files() -> SealFiles | None:
    """Where the company's certificate lies; None when it has none for papers."""
    file: str = current_app.config["SEAL_FILE"]
    return SealFiles(file, current_app.config["SEAL_PASSWORD_FILE"]) if file else None


def place_in(data: Mapping[str, Any]) -> str:
    """Where a paper with this data is signed, as it says itself."""
    return str(data["values"].get("signing_place") or "")


def _sealed(printed: RenderedPaper, files: SealFiles | None, place: str) -> RenderedPaper:
    """The paper with the company's electronic seal; without it, and with the reason, when that fails.

    An approval is not lost over a certificate that expired in the night: the seal can be put on later.
    """
    if files is None:
        return printed
    try:
        made = seal(printed.pdf, files, place=place)
    except DomainError as trouble:
        return replace(printed, unsealed_because=(trouble.msgid, dict(trouble.params)))
    return replace(printed, pdf=made.pdf, seal=made)


def seal(pdf: bytes, files: SealFiles, *, place: str) -> Any:
    """Seal a paper now, in the printing process; DomainError says why that fails. Call it outside any transaction."""
    try:
        return pool.seal(pdf, files, at=now(), place=place)
    except SealTrouble as trouble:
        if "path" not in trouble.params:
            raise DomainError(trouble.msgid, **trouble.params) from None
        # Where things lie on the machine is nobody's business who reads an agreement.
        logging.getLogger(__name__).warning("no electronic seal: %s", trouble.msgid % trouble.params)
    except Exception:
        logging.getLogger(__name__).exception("the electronic seal failed")
    raise DomainError(
        N_("The company's certificate cannot be used; an administrator sees why in the system check.")
    )


def seal_later(paper: AnyPaper, by: User | None) -> None:
    """Seal an original that was kept without; the caller commits. The transaction is ended meanwhile."""
    files = seal_files()
    if files is None:
        raise DomainError(
            N_("The company has no certificate for electronic seals here; an administrator sets it up.")
        )
    was = electronic_sealing.begin(db.session, by, paper)
    db.session.rollback()
    made = seal(was.pdf, files, place=was.place)
    electronic_sealing.keep(db.session, by, paper, was, made)
