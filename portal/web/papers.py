"""Printing from the application: where a paper's QR code leads, and the original of an approved agreement."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from flask import current_app, has_request_context, request, url_for

from portal.domain.price_protection.approval import Frozen
from portal.domain.price_protection.deeds.life import FrozenDeed
from portal.printing.agreement import RenderedPaper, render_agreement
from portal.printing.deeds import render_deed


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
    return _original(frozen, verify_url(frozen.code))


def originals(many: Sequence[Frozen]) -> Iterator[RenderedPaper | Exception]:
    """Begin to print several of them, and give them in their order, what one raises in its place.

    They are printed whether or not anybody waits: who asks for the next ones before taking these keeps every
    printing process busy.
    """
    if not many:
        return iter(())
    # Filling and writing the next one goes on while the printing processes are at the others.
    threads = ThreadPoolExecutor(len(many))
    asked = [threads.submit(_original, frozen, verify_url(frozen.code)) for frozen in many]
    threads.shutdown(wait=False)
    return map(_given, asked)


def _given(asked: Future[RenderedPaper]) -> RenderedPaper | Exception:
    try:
        return asked.result()
    except Exception as error:
        return error


def _original(frozen: Frozen, address: str) -> RenderedPaper:
    return render_agreement(
        frozen.payload,
        frozen.template_text,
        number=frozen.number,
        version=frozen.paper_no,
        verify_url=address,
        made_at=frozen.made_at,
    )


def deed_original(frozen: FrozenDeed) -> RenderedPaper:
    """Print the paper that the approval of an amendment or a notice keeps; slow, so outside any transaction."""
    return render_deed(
        frozen.data,
        frozen.template_text,
        title=frozen.title,
        version=frozen.paper_no,
        verify_url=verify_url(frozen.code),
        made_at=frozen.made_at,
    )
