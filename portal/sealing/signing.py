"""Putting the electronic seal on a finished paper; runs in the printing process, the only one that opens the key.

The signature is PAdES B-B, appended to the paper's own bytes, so that what was PDF/A stays it; it is invisible,
since nothing drawn may be taken for the red seal, and it certifies that nothing may be changed.
"""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asn1crypto import keys, x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.signers.constants import ESIC_EXTENSION_1
from pyhanko_certvalidator.registry import SimpleCertificateStore

from portal.sealing.certificate import Certificate, Opened, Sealed, SealFiles, open_files, require_valid

FIELD = "CompanyElectronicSeal"
_FIELD_IN_WORDS = "公司电子签章"
REASON = "公司批准的原件，以公司数字证书加盖电子签章，此后不得改动；不代替纸质文本上的公章"

_opened: tuple[object, Opened] | None = None


class _Paper(IncrementalPdfFileWriter):
    """A paper that is added to and says of itself what it said before: who made it, and when."""

    def _update_meta(self) -> None:
        """Leave it; pyHanko would name itself as a maker and set another time."""


class _Signer(PdfSigner):
    """Signs at a given moment, written in UTC, and leaves the file PDF 1.7."""

    def __init__(self, *args: Any, at: datetime, **options: Any) -> None:
        super().__init__(*args, **options)
        self._at = at

    def init_signing_session(self, *args: Any, **options: Any) -> Any:
        session = super().init_signing_session(*args, **options)
        session.system_time = self._at
        return session

    def register_extensions(self, pdf_out: Any, *, md_algorithm: str) -> None:
        """Name the one of PAdES; the one for the curve would make it PDF 2.0, which PDF/A-3 is not."""
        pdf_out.register_extension(ESIC_EXTENSION_1)


def seal(pdf: bytes, files: SealFiles, *, at: datetime, place: str) -> Sealed:
    """Seal a paper; `at` is an aware instant, `place` where. SealTrouble when there is no key for it today."""
    opened = _open(files)
    at = at.astimezone(UTC).replace(microsecond=0)
    require_valid(opened.certificate, at)
    store = SimpleCertificateStore()
    store.register_multiple(x509.Certificate.load(other) for other in opened.chain)
    signer = SimpleSigner(
        signing_cert=x509.Certificate.load(opened.certificate.der),
        signing_key=keys.PrivateKeyInfo.load(
            opened.key.private_bytes(
                serialization.Encoding.DER,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        ),
        cert_registry=store,
    )
    metadata = PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        reason=REASON,
        location=place or None,
        name=opened.certificate.subject,
    )
    field = SigFieldSpec(FIELD, on_page=0, readable_field_name=_FIELD_IN_WORDS)
    out = _Signer(metadata, signer, new_field_spec=field, at=at).sign_pdf(_Paper(io.BytesIO(pdf)))
    return Sealed(out.getvalue(), opened.certificate, at)


def describe(files: SealFiles) -> Certificate:
    """What the certificate says of itself; SealTrouble when it cannot be opened."""
    return _open(files).certificate


def _open(files: SealFiles) -> Opened:
    """The key, opened once as long as neither file changes: that takes as long as signing."""
    global _opened
    state = (files, _state(files.file), _state(files.password_file))
    if _opened is None or _opened[0] != state:
        _opened = None
        _opened = state, open_files(files)
    return _opened[1]


def _state(path: str) -> tuple[int, int] | None:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
