"""The company's certificate: there, readable by the portal alone, its own, and valid for a while yet."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from portal.db import CHINA, now
from portal.domain.i18n import N_
from portal.health.findings import Finding, Place, failed, ok, warning
from portal.printing import pool
from portal.sealing.certificate import SealFiles, SealTrouble, require_valid

_SOON = timedelta(days=60)
_MOST = 0o640


def seal(place: Place) -> Iterator[Finding]:
    """Everything about the electronic seal; that there is none is in order."""
    files = SealFiles(str(place.config["SEAL_FILE"]), str(place.config["SEAL_PASSWORD_FILE"]))
    if not files.file:
        yield ok(N_("No certificate is set up: originals carry no electronic seal."))
        return
    for path in (Path(files.file), Path(files.password_file)):
        if path.is_file() and (mode := path.stat().st_mode & 0o777) & ~_MOST:
            yield failed(
                N_(
                    "Others on this machine can read %(path)s (mode %(mode)s): they could seal as the company."
                ),
                N_("chmod %(most)s %(path)s"),
                path=path,
                mode=f"{mode:o}",
                most=f"{_MOST:o}",
            )
    try:
        certificate = pool.describe_seal(files)
        require_valid(certificate, now())
    except SealTrouble as trouble:
        yield failed(trouble.msgid, trouble.todo, **trouble.params)
        return
    facts = {
        "subject": certificate.subject,
        "day": f"{certificate.not_after.astimezone(CHINA):%Y-%m-%d}",
        "kind": certificate.kind,
    }
    if certificate.not_after - now() < _SOON:
        yield warning(
            N_(
                "The certificate of %(subject)s is valid only until %(day)s; after that no original can be sealed."
            ),
            N_("Get the next certificate in time; what was sealed before stays sealed."),
            **facts,
        )
    elif certificate.is_self_signed:
        yield ok(
            N_(
                "Certificate of %(subject)s until %(day)s (%(kind)s), made by the company itself: this portal knows"
                " it, PDF programs do not."
            ),
            **facts,
        )
    else:
        yield ok(
            N_("Certificate of %(subject)s until %(day)s (%(kind)s), issued by %(issuer)s."),
            **facts,
            issuer=certificate.issuer,
        )
