"""The company's certificate and key: a PKCS#12 file named by the environment, read only where a seal is made.

Imports nothing heavy; the key never leaves the process that signs.
"""

import os
import secrets
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from portal.domain.i18n import N_
from portal.later import later

x509, pkcs12 = later("cryptography.x509"), later("cryptography.hazmat.primitives.serialization.pkcs12")
ec, rsa = (later(f"cryptography.hazmat.primitives.asymmetric.{name}") for name in ("ec", "rsa"))
hashes, serialization = (
    later(f"cryptography.hazmat.primitives.{name}") for name in ("hashes", "serialization")
)

# The library says so of names of more than 21 hanzi, whose bytes it counts where X.520 counts characters.
warnings.filterwarnings("ignore", "Attribute's length must be")
# Three years: a certificate of a company's own is as good on its last day as on its first, yet keys get around.
VALID_DAYS = 3 * 365
_DOCUMENT_SIGNING = "1.3.6.1.5.5.7.3.36"  # RFC 9336
_LONGEST_NAME = 64
# As portal.db has it, which the signing process would load a database for.
CHINA = ZoneInfo("Asia/Shanghai")
_SHORTEST_RSA = 2048


class SealTrouble(Exception):
    """No seal can be made: msgid, what to do about it, params. Travels between processes."""

    def __init__(self, msgid: str, todo: str, params: dict[str, Any]) -> None:
        super().__init__(msgid, todo, params)
        self.msgid, self.todo, self.params = msgid, todo, params


@dataclass(frozen=True, slots=True)
class SealFiles:
    """Where certificate and key lie, and the file whose first line is their password; "" where there is none."""

    file: str
    password_file: str = ""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says of itself; `sha256` is its fingerprint, `der` the certificate."""

    sha256: str
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    kind: str
    der: bytes

    @property
    def is_self_signed(self) -> bool:
        """Whether nobody but its owner vouches for it."""
        return self.subject == self.issuer


@dataclass(frozen=True, slots=True)
class Sealed:
    """A paper with its seal, and what is kept of it; whoever gets it from the printing process loads nothing."""

    pdf: bytes
    certificate: Certificate
    at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """The key with its certificate, and those of the authorities above it."""

    key: Any
    certificate: Certificate
    chain: tuple[bytes, ...]


def open_files(files: SealFiles) -> Opened:
    """Read certificate and key; SealTrouble says what is wrong with them. Whether they are valid today is not asked."""
    data = _read(files.file, "PORTAL_SEAL_FILE")
    password = _password(files)
    try:
        key, found, others = pkcs12.load_key_and_certificates(data, password)
    except ValueError as error:
        if "password" in str(error).lower():
            raise SealTrouble(
                N_("The password does not open the certificate's file %(path)s."),
                N_(
                    "Put the right password in the first line of the file that PORTAL_SEAL_PASSWORD_FILE names."
                ),
                {"path": files.file},
            ) from None
        raise SealTrouble(
            N_("%(path)s is no PKCS#12 file."),
            N_("Export certificate and key together as PKCS#12 (.p12 or .pfx)."),
            {"path": files.file},
        ) from None
    if key is None or found is None:
        raise SealTrouble(
            N_("%(path)s lacks the certificate or its key."),
            N_("Export certificate and key together as PKCS#12 (.p12 or .pfx)."),
            {"path": files.file},
        )
    _check_purpose(found, files)
    chain = tuple(other.public_bytes(serialization.Encoding.DER) for other in others)
    return Opened(key, facts_of(found, _kind(key, files)), chain)


def require_valid(certificate: Certificate, at: datetime) -> None:
    """Refuse a certificate that is not valid at this moment; the day said is Asia/Shanghai's."""
    params = {"subject": certificate.subject}
    if at > certificate.not_after:
        raise SealTrouble(
            N_("The certificate of %(subject)s expired on %(day)s."),
            N_("Put a new certificate in place, then seal the papers that were approved in the meantime."),
            {**params, "day": f"{certificate.not_after.astimezone(CHINA):%Y-%m-%d}"},
        )
    if at < certificate.not_before:
        raise SealTrouble(
            N_("The certificate of %(subject)s is not valid before %(day)s."),
            N_("Wait until then, or put a certificate in place that is valid already."),
            {**params, "day": f"{certificate.not_before.astimezone(CHINA):%Y-%m-%d}"},
        )


def facts_of(found: Any, kind: str = "") -> Certificate:
    """What a certificate of the cryptography library says."""
    return Certificate(
        sha256=found.fingerprint(hashes.SHA256()).hex(),
        subject=_name(found.subject),
        issuer=_name(found.issuer),
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
        kind=kind,
        der=found.public_bytes(serialization.Encoding.DER),
    )


def make(company: str, uscc: str, files: SealFiles, at: datetime) -> Certificate:
    """Make a certificate that the company vouches for itself (ECDSA P-256), and its password where there is none.

    FileExistsError when the file is there: a key that papers were sealed with is never replaced in silence.
    """
    path = Path(files.file)
    if path.exists():
        raise FileExistsError(path)
    password = _password(files) if Path(files.password_file).exists() else None
    if not password:
        password = secrets.token_urlsafe(32).encode()
        _write(Path(files.password_file), password + b"\n")
    key = ec.generate_private_key(ec.SECP256R1())
    found = _self_signed(company, uscc, key, at)
    data = pkcs12.serialize_key_and_certificates(
        company.encode(), key, found, None, serialization.BestAvailableEncryption(password)
    )
    _write(path, data)
    return facts_of(found, "ECDSA P-256")


def _self_signed(company: str, uscc: str, key: Any, at: datetime) -> Any:
    oid = x509.NameOID
    said = [
        x509.NameAttribute(oid.COUNTRY_NAME, "CN"),
        x509.NameAttribute(oid.ORGANIZATION_NAME, company[:_LONGEST_NAME], _validate=False),
        x509.NameAttribute(oid.COMMON_NAME, company[:_LONGEST_NAME], _validate=False),
    ]
    if uscc:
        said.append(x509.NameAttribute(oid.SERIAL_NUMBER, uscc))
    name = x509.Name(said)
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False
    )
    begins = at.astimezone(UTC).replace(microsecond=0) - timedelta(minutes=5)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=VALID_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=True,
                encipher_only=False,
                decipher_only=False,
                **usage,
            ),
            critical=True,
        )
        .add_extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(_DOCUMENT_SIGNING)]), critical=False)
        .add_extension(identifier, critical=False)
    )
    return builder.sign(key, hashes.SHA256())


def _read(path: str, variable: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise SealTrouble(
            N_("%(path)s cannot be read: %(reason)s"),
            N_("Put the file there, readable by the portal's user, or correct %(variable)s."),
            {"path": path, "reason": error.strerror or str(error), "variable": variable},
        ) from None


def _password(files: SealFiles) -> bytes | None:
    if not files.password_file:
        return None
    return _read(files.password_file, "PORTAL_SEAL_PASSWORD_FILE").split(b"\n", 1)[0].rstrip(b"\r") or None


def _kind(key: Any, files: SealFiles) -> str:
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in ("secp256r1", "secp384r1"):
        return f"ECDSA P-{key.key_size}"
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _SHORTEST_RSA:
        return f"RSA {key.key_size}"
    raise SealTrouble(
        N_("The key in %(path)s is of a kind that PDF programs do not check, or too short."),
        N_("Ask for a certificate with a key of the kind ECDSA P-256."),
        {"path": files.file},
    )


def _check_purpose(found: Any, files: SealFiles) -> None:
    try:
        usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not (usage.digital_signature or usage.content_commitment):
        raise SealTrouble(
            N_("The certificate in %(path)s is not for signing."),
            N_("Ask for a certificate with a key of the kind ECDSA P-256."),
            {"path": files.file},
        )


def _name(name: Any) -> str:
    """Whom a certificate names: its common name, else its organisation, else all of it."""
    for oid in (x509.NameOID.COMMON_NAME, x509.NameOID.ORGANIZATION_NAME):
        if said := name.get_attributes_for_oid(oid):
            return str(said[0].value)[:200]
    return str(name.rfc4514_string())[:200]


def _write(path: Path, data: bytes) -> None:
    """Write a file that only its owner reads and that must not be there yet."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
