"""Settings and secrets: what is weak, what contradicts, and what pages need to look right."""

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from sqlalchemy.orm import Session

from portal.config import reporter_key_file
from portal.domain.i18n import N_
from portal.domain.users.services import has_demo
from portal.health.findings import Finding, Place, failed, ok, warning
from portal.web.assets import HTMX_FILE

_SHORTEST_KEY = 32
_ASSETS = ("app.css", "app.js", "icons.svg", "vendor/tabler.css", HTMX_FILE)
_CATALOGUES = Path(__file__).resolve().parent.parent / "translations"


def secrets(place: Place) -> Iterator[Finding]:
    """Nobody else reads the key or the database, and nobody can guess the key or a password."""
    key, sound = str(place.config["SECRET_KEY"] or ""), True
    if len(key) < _SHORTEST_KEY:
        sound = False
        yield failed(
            N_("The secret key has %(length)s characters: sign-ins can be forged."),
            N_("Give PORTAL_SECRET_KEY at least 32 random characters, or none: one is made."),
            length=len(key),
        )
    for path, most in (
        (place.instance / "secret_key", 0o600),
        (place.instance / "ledger_key", 0o600),
        (reporter_key_file(place.config), 0o600),
        (place.instance, 0o750),
        (place.database_file, 0o640),
    ):
        if path is None or not path.exists():
            continue
        mode = path.stat().st_mode & 0o777
        if mode & ~most:
            sound = False
            # The key forges every sign-in; the others hold personal data, behind a folder that may be closed.
            yield (failed if path.name.endswith("_key") else warning)(
                N_("Others on this machine can read %(path)s (mode %(mode)s)."),
                N_("chmod %(most)s %(path)s"),
                path=path,
                mode=f"{mode:o}",
                most=f"{most:o}",
            )
    with Session(place.engine.execution_options(portal_deferred=True)) as session:
        is_demo = has_demo(session)
    if is_demo and place.config["BASE_URL"] and not is_here(urlsplit(place.config["BASE_URL"])):
        sound = False
        yield warning(
            N_("The demo's sign-ins, whose password everybody knows, work on %(url)s."),
            N_("Begin with an empty folder or database for real work, or deactivate the demo's users."),
            url=place.config["BASE_URL"],
        )
    if sound and is_demo:
        yield ok(N_("The key, folder and database are closed to others; the demo's password is public."))
    elif sound:
        yield ok(N_("The key, folder and database are closed to others; no password is publicly known."))


def is_here(address: SplitResult) -> bool:
    """Whether the address leads to this very machine only."""
    host = address.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def settings(place: Place) -> Iterator[Finding]:
    """Address, proxies and assets fit one another."""
    found = [*_address(place), *_proxies(place)]
    if place.config["ASSETS"] not in ("cdn", "local"):
        found.append(
            failed(
                N_("PORTAL_ASSETS is %(value)s; there are cdn and local."),
                N_("Set PORTAL_ASSETS to cdn or local."),
                value=place.config["ASSETS"],
            )
        )
    yield from found or [ok(N_("The settings are consistent: %(url)s"), url=place.config["BASE_URL"])]


def _address(place: Place) -> Iterator[Finding]:
    url = str(place.config["BASE_URL"])
    address = urlsplit(url)
    todo = N_("Set PORTAL_BASE_URL to the address that people type, as https://portal.example.com.")
    if not url:
        yield warning(
            N_("PORTAL_BASE_URL is not set: QR codes lead to whatever address a printing request came to."),
            todo,
        )
    elif address.scheme not in ("http", "https") or not address.hostname or address.query or address.fragment:
        yield failed(N_("PORTAL_BASE_URL is not an address: %(url)s. QR codes lead nowhere."), todo, url=url)
    elif is_here(address):
        yield warning(N_("QR codes lead to %(url)s, which is this machine only."), todo, url=url)
    elif address.scheme == "http":
        yield warning(
            N_("%(url)s is not encrypted: passwords can be read on the way."),
            N_("Put nginx with a certificate in front (README) and set PORTAL_BASE_URL to https://…"),
            url=url,
        )
    elif not place.config["SESSION_COOKIE_SECURE"]:
        yield failed(
            N_("Cookies would be sent without encryption as well."),
            N_("Leave SESSION_COOKIE_SECURE on where the address begins with https."),
        )


def _proxies(place: Place) -> Iterator[Finding]:
    proxies, address = int(place.config["PROXIES"]), urlsplit(str(place.config["BASE_URL"]))
    if proxies < 0 or proxies > 5:
        yield failed(
            N_("PORTAL_PROXIES is %(count)s, which is no number of proxies."),
            N_("Set it to the number of proxies in front, usually 1."),
            count=proxies,
        )
    elif not proxies and address.scheme == "https":
        yield warning(
            N_(
                "The address is encrypted, which a proxy does, but PORTAL_PROXIES is 0: all users share its address."
            ),
            N_("Set PORTAL_PROXIES to the number of proxies in front, usually 1."),
        )
    elif proxies and (not address.hostname or is_here(address)):
        yield warning(
            N_(
                "PORTAL_PROXIES is %(count)s, but the address is this machine's: users could pretend another address."
            ),
            N_("Set PORTAL_PROXIES to 0 where nothing stands in front."),
            count=proxies,
        )


def pages(place: Place) -> Iterator[Finding]:
    """The files that pages need are there, and the Chinese texts are compiled."""
    missing = [name for name in _ASSETS if not _has_content(place.static / name)]
    if not _has_content(_CATALOGUES / "zh_CN" / "LC_MESSAGES" / "messages.mo"):
        missing.append("translations/zh_CN/LC_MESSAGES/messages.mo")
    if missing:
        yield failed(
            N_("Files of the pages are missing: %(files)s"),
            N_("Run scripts/setup, or install the portal again."),
            files=", ".join(missing),
        )
    else:
        yield ok(N_("Styles, scripts and Chinese texts are in place."))


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0
