"""A second start sees, without loading the portal, that there is nothing to prepare."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pysqlite3
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from portal.domain.access.roles import Role
from tests.factories import Factory

ROOT = Path(__file__).resolve().parent.parent
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def ready() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scripts_ready", ROOT / "scripts" / "ready.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def database(database_url: str) -> Path:
    return Path(database_url.removeprefix("sqlite:///"))


def test_it_reads_the_same_heads_as_alembic(ready: ModuleType):
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    assert ready.heads() == set(ScriptDirectory.from_config(config).get_heads())


@on_sqlite
def test_a_database_without_users_is_prepared(ready: ModuleType, database: Path):
    assert not ready.is_ready(database)


@on_sqlite
def test_a_database_with_users_at_this_version_is_left_alone(
    ready: ModuleType, database: Path, make: Factory
):
    make.user(Role.SALESPERSON)
    assert ready.is_ready(database)


@on_sqlite
def test_a_database_of_another_version_is_prepared(ready: ModuleType, database: Path, make: Factory):
    make.user(Role.SALESPERSON)
    with pysqlite3.dbapi2.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'earlier'")
    assert not ready.is_ready(database)


@pytest.mark.parametrize("content", [None, b"", b"this is no database"])
def test_what_is_no_database_is_not_ready(ready: ModuleType, tmp_path: Path, content: bytes | None):
    path = tmp_path / "一个 文件夹" / "portal.sqlite3"
    path.parent.mkdir()
    if content is not None:
        path.write_bytes(content)
    assert not ready.is_ready(path)
    assert path.exists() == (content is not None)
