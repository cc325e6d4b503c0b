"""Contents as files for a process that knows no database."""

import os
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import BinaryIO, Self

from sqlalchemy.orm import Session

from portal.domain.documents import services as documents
from portal.domain.documents.models import Document

_MOST = 3  # are kept for what is asked next, besides what is asked for at once


class Passing:
    """Files without a name, which go with this process, however that ends: what they hold is signed contracts.

    Another process of the same user opens them through this one's table of open files (Linux).
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._files: dict[str, BinaryIO] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        with ExitStack() as closing:
            for file in self._files.values():
                closing.callback(file.close)

    def paths(self, wanted: Collection[Document]) -> dict[int, Path]:
        """Where these contents can be read until the next question, by the document's id."""
        ours = {document.sha256: document for document in wanted}
        others = [name for name in self._files if name not in ours]
        for name in others[: max(0, len(others) - _MOST + 1)]:
            self._files.pop(name).close()
        for name, document in ours.items():
            if name not in self._files:
                self._files[name] = self._written(document)
        return {
            document.id: Path(f"/proc/{os.getpid()}/fd/{self._files[document.sha256].fileno()}")
            for document in wanted
        }

    def path(self, document: Document) -> Path:
        """Where one content can be read until the next question."""
        return self.paths([document])[document.id]

    def _written(self, document: Document) -> BinaryIO:
        file = TemporaryFile(prefix="portal-scan-")  # noqa: SIM115 (closed by paths or at the end)
        try:
            for piece in documents.piece_by_piece(self._session, document.sha256, document.size):
                file.write(piece)
            file.flush()
        except BaseException:
            file.close()
            raise
        return file
