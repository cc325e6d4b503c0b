"""Triggers that keep rows as they were written, on both databases; migrations from 0017 on rely on these words."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

# What makes a row the same one to INSERT OR REPLACE of SQLite, besides its id: its unique keys.
Keys = Sequence[Sequence[str]]


def keep_whole(table: str, keys: Keys = ()) -> None:
    """No row of it changes or goes."""
    _guard(table, None, keys)


def keep_but(table: str, kept: Sequence[str], keys: Keys = (), *, ended: str = "") -> None:
    """No row of it goes, and of its columns only those not in `kept` change.

    `ended` is what must be filled in for a row to be at its end: from then on nothing of it changes.
    """
    _guard(table, kept, keys, ended)


def release(tables: Mapping[str, bool]) -> None:
    """Take the triggers off before a downgrade; True where only some columns were kept."""
    for table, is_partly in tables.items():
        if op.get_bind().dialect.name == "postgresql":
            names = ["is_kept", "is_not_emptied", *(["stays"] if is_partly else [])]
            for name in names:
                op.execute(f"DROP TRIGGER {table}_{name} ON {table}")
            continue
        for what in ("update", "delete", "replace"):
            op.execute(f"DROP TRIGGER {table}_no_{what}")


def refuse_to_lose(table: str, where: str = "") -> None:
    """Refuse a way back that would throw away what was booked since, before anything of it is done."""
    counted = sa.select(sa.func.count()).select_from(sa.table(table))
    rows = op.get_bind().scalar(counted.where(sa.text(where)) if where else counted)
    if rows:
        raise RuntimeError(
            f"{rows} rows of {table} are of a kind that the earlier version does not know, and what was booked is "
            "never thrown away. Stay on this version, or restore the backup from before the upgrade."
        )


def _guard(table: str, kept: Sequence[str] | None, keys: Keys, ended: str = "") -> None:
    at_its_end = f" OR OLD.{ended} IS NOT NULL" if ended else ""
    if op.get_bind().dialect.name == "postgresql":
        refuse = "EXECUTE FUNCTION portal_refuse_change()"
        if kept is None:
            op.execute(
                f"CREATE TRIGGER {table}_is_kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {refuse}"
            )
        else:
            changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in kept)
            changed += at_its_end
            op.execute(
                f"CREATE TRIGGER {table}_is_kept BEFORE UPDATE ON {table} "
                f"FOR EACH ROW WHEN ({changed}) {refuse}"
            )
            op.execute(f"CREATE TRIGGER {table}_stays BEFORE DELETE ON {table} FOR EACH ROW {refuse}")
        op.execute(
            f"CREATE TRIGGER {table}_is_not_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}"
        )
        return
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} keeps what was written'); END"
    when = (
        ""
        if kept is None
        else "WHEN " + " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in kept) + at_its_end
    )
    op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {when} {refuse}")
    op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
    _refuse_replacing(table, keys, refuse)


def refuse_emptying(table: str) -> None:
    """TRUNCATE of PostgreSQL fires no trigger of rows; SQLite has none."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_is_not_emptied BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION portal_refuse_change()"
        )


def allow_emptying(table: str) -> None:
    """Take that off again."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP TRIGGER {table}_is_not_emptied ON {table}")


def replace_by_none_of(table: str, keys: Keys, *, quietly: bool = False) -> None:
    """Renew what refuses INSERT OR REPLACE: by the id and by these keys.

    `quietly`: the new row is passed over, where the portal itself inserts what may be there already.
    """
    if op.get_bind().dialect.name == "postgresql":
        return
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} keeps what was written'); END"
    op.execute(f"DROP TRIGGER {table}_no_replace")
    _refuse_replacing(table, keys, "BEGIN SELECT RAISE(IGNORE); END" if quietly else refuse)


def _refuse_replacing(table: str, keys: Keys, refuse: str) -> None:
    same = " OR ".join(
        "(" + " AND ".join(f"{column} = NEW.{column}" for column in key) + ")" for key in (("id",), *keys)
    )
    is_there = f"SELECT 1 FROM {table} WHERE {same}"  # noqa: S608
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS ({is_there}) {refuse}"
    )
