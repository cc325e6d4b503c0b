"""One reading process for many tests: each would else wait a second for its own."""

from collections.abc import Iterator

import pytest

from portal.scanning.reader import Reader


class Shared(Reader):
    """A reader that stays when its job is done."""

    def __exit__(self, *_exc: object) -> None:
        """Stay."""


@pytest.fixture(scope="module")
def shared() -> Iterator[Shared]:
    reader = Shared()
    yield reader
    reader.close()


@pytest.fixture(autouse=True)
def _one_reader(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.jobs.scans.Reader", lambda: shared)
