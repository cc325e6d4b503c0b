"""What `make check` relies on notices what it is there to notice."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
import sqlalchemy as sa
from babel.messages.catalog import Catalog

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"scripts_{name}", SCRIPTS / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        return module

    return load


def _catalogues(translation: str, flags: tuple[str, ...] = ()) -> tuple[Catalog, Catalog]:
    template, catalogue = Catalog(), Catalog(locale="zh_CN")
    template.add("%(count)d rows read, %(rate)s %% refused", locations=[("portal/x.py", 0)])
    catalogue.add("%(count)d rows read, %(rate)s %% refused", translation, flags=flags)
    return template, catalogue


@pytest.mark.parametrize(
    ("translation", "flags", "fault"),
    [
        ("", (), "is not translated"),
        ("读取 %(count)d 行，拒绝 %(rate)s %%", ("fuzzy",), "is marked fuzzy"),
        ("读取 %(count)s 行，拒绝 %(rate)s %%", (), "fills in"),
        ("读取 %(conut)d 行，拒绝 %(rate)s %%", (), "fills in"),
        ("读取 %(count)d 行，拒绝 %(rate)s %", (), "bare percent sign"),
    ],
)
def test_a_faulty_translation_is_reported(
    script, translation: str, flags: tuple[str, ...], fault: str
) -> None:
    found = list(script("check_translations").faults(*_catalogues(translation, flags)))
    assert len(found) == 1
    assert fault in found[0]


def test_a_complete_translation_passes(script) -> None:
    assert not list(script("check_translations").faults(*_catalogues("读取 %(count)d 行，拒绝 %(rate)s %%")))


def test_a_message_missing_from_the_catalogue_is_reported(script) -> None:
    template, _ = _catalogues("x")
    assert len(list(script("check_translations").faults(template, Catalog(locale="zh_CN")))) == 1


def _table(check: str, rule: str | None) -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table("region", metadata, sa.Column("id", sa.Integer, primary_key=True))
    sa.Table(
        "dealer",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("sum_fen", sa.BigInteger),
        sa.Column("region_id", sa.ForeignKey("region.id", name="fk_dealer_region", ondelete=rule)),
        sa.CheckConstraint(check, name="sum"),
    )
    return metadata


@pytest.mark.parametrize(
    ("check", "rule", "kind"),
    [
        ("sum_fen > 0", None, "checks"),
        ("sum_fen >= 0", "CASCADE", "foreign keys"),
        ("sum_fen >= 0", None, None),
    ],
)
def test_what_alembic_does_not_see_is_reported(
    script, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, check: str, rule: str | None, kind: str | None
) -> None:
    module = script("check_migrations")
    modelled = _table("sum_fen >= 0", None)
    engines = []
    for name, metadata in (("migrated", _table(check, rule)), ("modelled", modelled)):
        engine = sa.create_engine(f"sqlite:///{tmp_path / name}.sqlite3")
        metadata.create_all(engine)
        engines.append(engine)
    monkeypatch.setattr(module.Base, "metadata", modelled)
    found = list(module.differences(*engines))
    assert {line.split(":")[1].strip() for line in found} == ({kind} if kind else set())
