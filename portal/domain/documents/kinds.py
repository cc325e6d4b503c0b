"""What a file is, told by its first bytes: its name and the browser's word for it prove nothing."""

from portal.domain.errors import DomainError
from portal.domain.i18n import N_

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
# What offices hand in.
SCANS = frozenset({"application/pdf", "image/jpeg", "image/png", "image/tiff"})
# Brands of the container in which phones keep photographs (ISO/IEC 23008-12).
_HEIF = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif"})
_WORD = (b"word/", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"{\\rtf")
_ARCHIVES = (b"PK\x03\x04", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b")


def media_type_of(data: bytes) -> str:
    """The type that the first bytes show, or application/octet-stream."""
    head = data[:1024].lstrip()
    return next((kind for start, kind in _SIGNATURES if head.startswith(start)), "application/octet-stream")


def refusal(data: bytes, field: str | None = None) -> DomainError:
    """Why a file is no scan, and what to do about it, by its first bytes."""
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF:
        return DomainError(
            N_(
                "This photograph is in the HEIC format of the iPhone. Save it as JPG and upload that; for the next"
                " ones choose Settings > Camera > Formats > Most Compatible on the phone."
            ),
            field=field,
        )
    if data.startswith(_WORD[1:]) or (data.startswith(b"PK") and _WORD[0] in data):
        return DomainError(
            N_(
                "This is a text document, not the signed paper. Scan or photograph the paper and upload that."
            ),
            field=field,
        )
    if data.startswith(_ARCHIVES):
        return DomainError(N_("This is a packed archive. Unpack it and upload the files in it."), field=field)
    return DomainError(N_("Upload a PDF, JPG, PNG or TIFF file; this file is none of these."), field=field)
