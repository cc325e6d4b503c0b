"""Looking into a stranger's PDF: its seal, its pages, the data of our papers; runs in a process of its own."""

import hashlib
import io
import re
from typing import Any

import pikepdf
from cryptography import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from portal.domain.i18n import N_
from portal.sealing.certificate import facts_of
from portal.sealing.seen import Seen, Signature, Unreadable

_DATA = "agreement.json"
_MOST_DATA = 4 * 1024 * 1024
_MOST_SIGNATURES = 20
_BROKEN = Signature("", "", None, False, False)
_CONTENTS = re.compile(rb"<[0-9A-Fa-f\s]*>")

PASSWORD = N_("The PDF is protected by a password. Save it without a password and upload it again.")
DAMAGED = N_("The PDF is damaged and cannot be opened. Ask the sender for the file once more.")


def look(data: bytes) -> Seen:
    """What a file holds. Unreadable when it is none that can be opened; what is odd in it counts as not sound."""
    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            if pdf.is_encrypted:
                raise Unreadable(PASSWORD)
            pages, data_sha256 = len(pdf.pages), _data_sha256(pdf)
            is_signed = _has_signature(pdf)
    except pikepdf.PasswordError:
        raise Unreadable(PASSWORD) from None
    except Unreadable:
        raise
    except Exception:  # whatever a library makes of bytes that nobody foresaw
        raise Unreadable(DAMAGED) from None
    # Signed bytes without a field that says so: somebody took the field out and left the rest.
    if not is_signed:
        return Seen(pages, (), data_sha256)
    return Seen(pages, _signatures(data), data_sha256)


def _has_signature(pdf: pikepdf.Pdf) -> bool:
    """Whether something in the file is a signature, wherever it hangs."""
    return any(
        isinstance(part, pikepdf.Dictionary)
        and "/ByteRange" in part
        and "/Contents" in part
        and part.get("/Type") in (None, "/Sig", "/DocTimeStamp")
        for part in pdf.objects
    )


def _data_sha256(pdf: pikepdf.Pdf) -> str:
    """The hash of the data that our papers carry, "" where there is none."""
    spec = pdf.attachments.get(_DATA)
    if spec is None:
        return ""
    stream = spec.obj.EF.F
    if int(stream.get("/Length", 0)) > _MOST_DATA or int(spec.get_file().size or 0) > _MOST_DATA:
        return ""
    content = spec.get_file().read_bytes()
    return hashlib.sha256(content).hexdigest() if len(content) <= _MOST_DATA else ""


def _signatures(data: bytes) -> tuple[Signature, ...]:
    """Each signature of the file; one that cannot be read is there and not sound."""
    try:
        found = PdfFileReader(io.BytesIO(data)).embedded_signatures[:_MOST_SIGNATURES]
    except Exception:
        return (_BROKEN,)
    return tuple(_signature(data, one) for one in found) or (_BROKEN,)


def _signature(data: bytes, one: EmbeddedPdfSignature) -> Signature:
    try:
        certificate = facts_of(x509.load_der_x509_certificate(one.signer_cert.dump()))
        first, length, start, rest = (int(number) for number in one.byte_range)
        # The hole between what is covered holds the signature in hexadecimal digits, and nothing else.
        is_plain = (
            first == 0 and 0 < length < start and _CONTENTS.fullmatch(data, length, start) and rest >= 0
        )
        is_sound = bool(is_plain and start + rest <= len(data)) and _is_sound(one)
        return Signature(
            certificate_sha256=certificate.sha256,
            subject=certificate.subject,
            at=one.self_reported_timestamp,
            is_sound=is_sound,
            covers_all=start + rest == len(data),
        )
    except Exception:
        return _BROKEN


def _is_sound(one: Any) -> bool:
    """Whether what it covers was signed so, and with the certificate that it carries."""
    intact, valid = validate_sig_integrity(
        one.signer_info, one.signer_cert, expected_content_type="data", actual_digest=one.compute_digest()
    )
    return bool(intact and valid)
