"""A company's certificate, and a paper that carries its seal."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.printing import pool
from portal.sealing.certificate import Sealed, SealFiles, make
from portal.sealing.signing import seal
from tests.printing.conftest import printed

COMPANY = "示例日化有限公司"
MADE_AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
SEALED_AT = datetime(2026, 4, 3, 4, 5, 6, 789, tzinfo=UTC)


@pytest.fixture(scope="session")
def unsealed() -> bytes:
    """A paper as it was printed."""
    paper = printed().pdf
    pool.close()
    return paper


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> SealFiles:
    """A certificate as `flask seal new` makes it."""
    return made(tmp_path_factory.mktemp("seal"))


def made(folder: Path, company: str = COMPANY, at: datetime = MADE_AT) -> SealFiles:
    """A certificate in this folder."""
    files = SealFiles(str(folder / "seal.p12"), str(folder / "seal-password"))
    make(company, "91330100MA00EX1A2G", files, at)
    return files


@pytest.fixture(scope="session")
def sealed(unsealed: bytes, key: SealFiles) -> Sealed:
    """The paper with its seal."""
    return seal(unsealed, key, at=SEALED_AT, place="浙江省杭州市")


def with_password(files: SealFiles, folder: Path, said: str) -> SealFiles:
    """The same certificate with another word for a password."""
    path = folder / "password"
    path.write_text(said, encoding="utf-8")
    path.chmod(0o600)
    return replace(files, password_file=str(path))
