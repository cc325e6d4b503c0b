"""Settings of the portal, read from PORTAL_* in the environment; no secret has a default."""

import os
import secrets
from pathlib import Path
from typing import Any

import pysqlite3

ROOT = Path(__file__).resolve().parent.parent


def instance_folder() -> Path:
    """The folder for database, keys and queue (PORTAL_INSTANCE, default `instance/` beside the package)."""
    return Path(os.environ.get("PORTAL_INSTANCE") or ROOT / "instance").resolve()


def secret_key(instance: Path) -> str:
    """PORTAL_SECRET_KEY, or a random key made once in the instance folder and readable by its owner only."""
    if key := os.environ.get("PORTAL_SECRET_KEY"):
        return key
    path = instance / "secret_key"
    if not path.exists():
        instance.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".secret_key.{secrets.token_hex(8)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            # link refuses to replace: of two processes starting at once, both end up with the first one's key.
            path.hardlink_to(temporary)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return path.read_text(encoding="ascii").strip()


def database_url(instance: Path) -> str:
    """PORTAL_DATABASE_URL, with the psycopg driver named, or the SQLite file of the instance folder."""
    url = os.environ.get("PORTAL_DATABASE_URL") or f"sqlite:///{instance / 'portal.sqlite3'}"
    for scheme in ("postgres://", "postgresql://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url


def engine_options(url: str) -> dict[str, Any]:
    """Options of `create_engine` for this database."""
    if url.startswith("sqlite"):
        # The standard library's SQLite has the WAL-reset bug on Debian 12; pysqlite3 brings a mended one.
        return {"module": pysqlite3.dbapi2, "connect_args": {"timeout": 20}}
    # A server that does not even refuse must not hold a request for the minutes that the system would wait.
    return {"pool_pre_ping": True, "connect_args": {"connect_timeout": 5}}


def from_environment() -> dict[str, Any]:
    """The Flask configuration, as the environment says."""
    instance = instance_folder()
    url = database_url(instance)
    return {
        "SECRET_KEY": secret_key(instance),
        "INSTANCE": instance,
        "SQLALCHEMY_DATABASE_URI": url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(url),
        # Empty: a file of the instance folder.
        "QUEUE_URL": os.environ.get("PORTAL_QUEUE_URL", ""),
        "BASE_URL": os.environ.get("PORTAL_BASE_URL", "").rstrip("/"),
        "ASSETS": os.environ.get("PORTAL_ASSETS", "cdn"),
        "CDN_URL": os.environ.get("PORTAL_CDN_URL", "https://cdn.jsdelivr.net/npm").rstrip("/"),
        "PROXIES": int(os.environ.get("PORTAL_PROXIES", "0")),
        "MAX_CONTENT_LENGTH": 64 * 1024 * 1024,
        # Forms carry many fields (an agreement with its price rows); the default cap of 1,000 parts is for uploads.
        "MAX_FORM_PARTS": 20_000,
        "MAX_FORM_MEMORY_SIZE": 4 * 1024 * 1024,
        "BABEL_DEFAULT_LOCALE": "zh_CN",
        "BABEL_DEFAULT_TIMEZONE": "Asia/Shanghai",
        "SESSION_COOKIE_NAME": "portal",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": os.environ.get("PORTAL_BASE_URL", "").startswith("https://"),
        "WTF_CSRF_TIME_LIMIT": None,
    }
