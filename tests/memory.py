"""Temporary folders for databases: in memory where there is room, and gone also when a test run is killed."""

import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

_ROOM_BYTES = 2 * 2**30
_YOUNG_SECONDS = 60


class QuickFolder:
    """A new folder; `remove` ends it, and where nobody could, the next one that is made with this prefix.

    Copying a database in memory takes a tenth of the processor's time that it takes on a disk: most of it goes into
    making files.
    """

    def __init__(self, prefix: str) -> None:
        parent = _parent()
        _sweep(parent, prefix)
        self.path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        # Whoever is killed lets go of it.
        self._lock: int | None = os.open(self.path, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Remove the folder; a second call does nothing."""
        if self._lock is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = None


def _parent() -> Path:
    memory = Path("/dev/shm")
    try:
        # A server's programs may have to be copied there too, and run.
        may_run = not os.statvfs(memory).f_flag & os.ST_NOEXEC
        if may_run and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free >= _ROOM_BYTES:
            return memory
    except OSError:
        pass
    # A socket's path may be 107 bytes long; pytest's tmp_path is often longer than that.
    temp = tempfile.gettempdir()
    return Path(temp if len(temp) < 60 else "/tmp")


def _sweep(parent: Path, prefix: str) -> None:
    """Remove what killed processes left."""
    for folder in parent.glob(f"{prefix}*"):
        try:
            if time.time() - folder.stat().st_mtime < _YOUNG_SECONDS:
                continue  # somebody may be about to lock it
            handle = os.open(folder, os.O_RDONLY)
        except OSError:
            continue  # gone meanwhile, or another user's
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            pass  # in use
        finally:
            os.close(handle)
