"""The machine: letters and libraries for printing, clock and time zone, room on the disks."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa

from portal.domain.audit.models import AuditEvent
from portal.domain.i18n import N_
from portal.health.findings import Finding, Place, failed, ok, warning
from portal.printing import health as printing

GIB = 1024**3
_LEAST_FREE, _LEAST_SHARE = GIB, 0.1
_TOO_FULL = 100 * 1024**2
# No moment before this version was written can be now.
_NOT_BEFORE = datetime(2026, 11, 1, tzinfo=UTC)


def letters(_place: Place) -> Iterator[Finding]:
    """The fonts of the papers are the ones that came with the portal, byte for byte."""
    wanted = dict(
        reversed(line.split("  ", 1))
        for line in (printing.FONTS / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    )
    sound = True
    for face in printing.FACES:
        path = printing.FONTS / face
        if not path.is_file():
            sound = False
            yield failed(N_("The font %(face)s is missing."), N_("Install the portal again."), face=face)
        elif hashlib.sha256(path.read_bytes()).hexdigest() != wanted.get(face):
            sound = False
            yield failed(
                N_("The font %(face)s is not the one that came with the portal."),
                N_("Install the portal again: other letters would print boxes and other page breaks."),
                face=face,
            )
    if sound:
        yield ok(N_("%(count)s fonts, all intact."), count=len(printing.FACES))


def libraries(_place: Place) -> Iterator[Finding]:
    """The libraries that draw papers; contracts are embedded by our own code and do without harfbuzz-subset."""
    missing = printing.missing_libraries()
    for library, package in missing.items():
        if library == printing.SUBSETTER:
            yield warning(
                N_("The library %(library)s is missing: WeasyPrint may become slow with our fonts."),
                N_("Install the package %(package)s."),
                library=library,
                package=package,
            )
        else:
            yield failed(
                N_("The library %(library)s is missing: nothing can be printed."),
                N_("Install the package %(package)s."),
                library=library,
                package=package,
            )
    if not missing:
        yield ok(N_("Pango and harfbuzz-subset are installed."))


def clock(place: Place) -> Iterator[Finding]:
    """The time zone of the dates is known, and the clocks of machine and database agree."""
    try:
        zone = ZoneInfo("Asia/Shanghai")
        is_known = datetime(2026, 1, 1, tzinfo=zone).utcoffset() == timedelta(hours=8)
    except ZoneInfoNotFoundError:
        is_known = False
    if is_known:
        yield ok(N_("The time zone Asia/Shanghai is available."))
    else:
        yield failed(
            N_("The time zone Asia/Shanghai is not available: every date would be wrong."),
            N_("Install the package tzdata."),
        )
    here = datetime.now(UTC)
    if here < _NOT_BEFORE:
        yield failed(
            N_("The clock of this machine says %(now)s, which is long ago."),
            N_("Set the clock (timedatectl set-ntp true)."),
            now=f"{here:%Y-%m-%d %H:%M} UTC",
        )
    with place.engine.connect().execution_options(portal_deferred=True) as connection:
        if place.engine.dialect.name == "postgresql":
            there = connection.scalar(sa.text("SELECT clock_timestamp()"))
            yield _apart(abs(datetime.now(UTC) - there))
        newest = connection.scalar(sa.select(sa.func.max(AuditEvent.at)))
    if newest is not None and newest > here + timedelta(minutes=5):
        yield warning(
            N_("The newest entry of the audit trail is of %(at)s, later than now: a clock was put back."),
            N_("Set the clock (timedatectl set-ntp true)."),
            at=f"{newest:%Y-%m-%d %H:%M} UTC",
        )


def _apart(apart: timedelta) -> Finding:
    seconds = round(apart.total_seconds())
    if seconds > 5:
        return (failed if seconds > 60 else warning)(
            N_("The clocks of this machine and of the database differ by %(seconds)s seconds."),
            N_("Set both clocks (timedatectl set-ntp true)."),
            seconds=seconds,
        )
    return ok(N_("The clocks of this machine and the database agree."))


def disks(place: Place) -> Iterator[Finding]:
    """There is room where the portal writes: its folder, the database file, the folder for passing files."""
    folders = [place.instance, Path(tempfile.gettempdir())]
    if place.database_file is not None:
        folders.append(place.database_file.parent)
    seen = set()
    for folder in folders:
        try:
            device = folder.stat().st_dev
        except OSError as error:
            yield failed(
                N_("The folder %(folder)s cannot be read: %(reason)s"),
                N_("Create it, and let the user who runs the portal own it."),
                folder=folder,
                reason=error.strerror,
            )
            continue
        if device not in seen:
            seen.add(device)
            yield _room(folder)


def _room(folder: Path) -> Finding:
    usage = shutil.disk_usage(folder)
    facts = {
        "folder": folder,
        "free": f"{usage.free / GIB:.1f}",
        "percent": f"{100 * usage.free / usage.total:.0f}" if usage.total else "0",
    }
    text = N_("%(folder)s: %(free)s GiB free (%(percent)s%%).")
    todo = N_("Free up space, or move the folder to a larger disk.")
    if usage.free < _TOO_FULL:
        return failed(text, todo, **facts)
    if usage.free < _LEAST_FREE or usage.free < _LEAST_SHARE * usage.total:
        return warning(text, todo, **facts)
    return ok(text, **facts)
