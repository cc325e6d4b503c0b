"""Settings of the portal, read from PORTAL_* in the environment; no secret has a default."""

import os
import secrets
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pysqlite3
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

ROOT = Path(__file__).resolve().parent.parent


_DATABASES = ("sqlite", "sqlite+pysqlite", "postgresql+psycopg")
_REDIS = ("redis", "rediss", "unix")
_QUEUES = ("sqlite", "postgresql", "postgres", *_REDIS, "immediate")


class WrongSetting(SystemExit):
    """A setting that nothing can start with: said in both languages to whoever starts it, without a traceback."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(f"{english}\n{chinese}")


def instance_folder() -> Path:
    """The folder for database, keys and queue (PORTAL_INSTANCE, default `instance/` beside the package).

    Where there is none it is made, closed to others.
    """
    instance = Path(os.environ.get("PORTAL_INSTANCE") or ROOT / "instance").resolve()
    try:
        instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise WrongSetting(
            f"PORTAL_INSTANCE: the folder {instance} cannot be made: {error.strerror}",
            f"PORTAL_INSTANCE：无法建立文件夹 {instance}：{error.strerror}",
        ) from None
    return instance


def secret_key(instance: Path) -> str:
    """PORTAL_SECRET_KEY, or a random key made once in the instance folder and readable by its owner only."""
    return os.environ.get("PORTAL_SECRET_KEY") or key_file(instance, "secret_key")


def key_file(instance: Path, name: str) -> str:
    """The key in this file of the instance folder, made at random once and readable by its owner only."""
    path = instance / name
    if not path.exists():
        temporary = path.with_name(f".{name}.{secrets.token_hex(8)}")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise WrongSetting(
                f"PORTAL_INSTANCE: nothing can be written in {instance}: {error.strerror}",
                f"PORTAL_INSTANCE：无法写入文件夹 {instance}：{error.strerror}",
            ) from None
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
            url = "postgresql+psycopg://" + url.removeprefix(scheme)
    try:
        is_known = make_url(url).drivername in _DATABASES
    except (ArgumentError, ValueError):
        is_known = False
    if not is_known:
        # The address itself is not said: it may hold a password.
        raise WrongSetting(
            "PORTAL_DATABASE_URL is no address of a database: there are postgresql://… and sqlite:///…",
            "PORTAL_DATABASE_URL 不是有效的数据库地址，应为 postgresql://… 或 sqlite:///…",
        )
    return url


def queue_url() -> str:
    """PORTAL_QUEUE_URL; empty for a file of the instance folder."""
    url = os.environ.get("PORTAL_QUEUE_URL", "")
    scheme = url.split(":", 1)[0].split("+")[0]
    if url and (":" not in url or scheme not in _QUEUES):
        raise WrongSetting(
            "PORTAL_QUEUE_URL is no address of a queue: there are sqlite:///…, postgresql://…, redis://… and"
            " immediate:",
            "PORTAL_QUEUE_URL 不是有效的队列地址，应为 sqlite:///…、postgresql://…、redis://… 或 immediate:",
        )
    if scheme in _REDIS and find_spec("redis") is None:
        raise WrongSetting(
            "PORTAL_QUEUE_URL: a queue in Redis needs Python's package redis: .venv/bin/pip install redis",
            "PORTAL_QUEUE_URL：使用 Redis 队列须先安装 Python 的 redis 包：.venv/bin/pip install redis",
        )
    return url


def reporter_key_file(settings: Mapping[str, Any]) -> Path:
    """Where the key of reporters lies, as these settings say."""
    return Path(settings["REPORTER_KEY_FILE"] or Path(settings["INSTANCE"]) / "reporter_key")


def proxies() -> int:
    """PORTAL_PROXIES, a whole number."""
    said = os.environ.get("PORTAL_PROXIES", "").strip() or "0"
    if not (said.isascii() and said.isdigit()):
        raise WrongSetting(f"PORTAL_PROXIES must be a number: {said}", f"PORTAL_PROXIES 必须是数字：{said}")
    return int(said)


def engine_options(url: str) -> dict[str, Any]:
    """Options of `create_engine` for this database."""
    if url.startswith("sqlite"):
        # The standard library's SQLite has the WAL-reset bug on Debian 12; pysqlite3 brings a mended one.
        return {"module": pysqlite3.dbapi2, "connect_args": {"timeout": 20}}
    # A server that does not even refuse must not hold a request for the minutes that the system would wait.
    # Whether a pooled connection still works is asked by portal.db, and only when there is reason to. The one that
    # was used last goes out first: it has its statements prepared, and planned for good.
    return {"connect_args": {"connect_timeout": 5}, "pool_use_lifo": True}


def from_environment() -> dict[str, Any]:
    """The Flask configuration, as the environment says."""
    instance = instance_folder()
    url = database_url(instance)
    return {
        "SECRET_KEY": secret_key(instance),
        # Seals the ledger's heads each day; whoever has only the database cannot make another.
        # The key under which reporters are sealed: never in the database, nor in a backup.
        # Empty: reporter_key in the instance folder.
        "REPORTER_KEY_FILE": os.environ.get("PORTAL_REPORTER_KEY_FILE", "").strip(),
        "LEDGER_KEY": key_file(instance, "ledger_key"),
        "INSTANCE": instance,
        "SQLALCHEMY_DATABASE_URI": url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(url),
        # Empty: a file of the instance folder.
        "QUEUE_URL": queue_url(),
        "BASE_URL": os.environ.get("PORTAL_BASE_URL", "").rstrip("/"),
        "ASSETS": os.environ.get("PORTAL_ASSETS", "cdn"),
        # Where the company's certificate lies; empty: originals carry no electronic seal.
        "SEAL_FILE": os.environ.get("PORTAL_SEAL_FILE", "").strip(),
        "SEAL_PASSWORD_FILE": os.environ.get("PORTAL_SEAL_PASSWORD_FILE", "").strip(),
        "CDN_URL": os.environ.get("PORTAL_CDN_URL", "https://cdn.jsdelivr.net/npm").rstrip("/"),
        "PROXIES": proxies(),
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
