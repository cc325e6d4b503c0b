"""Printed papers and what becomes of them on their way back."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from portal.printing import pool
from portal.scanning.reader import Reader
from tests.paper_examples import CHINESE
from tests.printing.conftest import print_example

CODE = "K7M2QX4T9AXYZ2"  # as long as those that approval makes
VERIFY_URL = f"https://channels.portal.example.com/verify/{CODE}"


@cache
def paper(template: str = CHINESE) -> bytes:
    """An agreement as it is printed for signature."""
    return print_example(template, verify_url=VERIFY_URL).pdf


@pytest.fixture(scope="session")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


@pytest.fixture(scope="session", autouse=True)
def _end_printing() -> Iterator[None]:
    yield
    pool.close()


def kept(folder: Path, name: str, data: bytes) -> Path:
    """The file as the reading process gets it."""
    path = folder / name
    path.write_bytes(data)
    return path
