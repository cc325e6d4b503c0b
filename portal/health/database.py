"""The database: reachable, of this version, writable, whole, and set up as the portal needs it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from portal.db import now, writing
from portal.domain.i18n import N_
from portal.domain.users.models import Throttle
from portal.health.findings import Finding, Place, failed, ok, warning
from portal.later import later

alembic_config, alembic_script = later("alembic.config"), later("alembic.script")

# Records that triggers keep from being changed; a rebuilt table loses its triggers in silence.
GUARDED = (
    "audit_event",
    "agreement_event",
    "template_release",
    "template_offer",
    "template_draft_step",
    "seal_certificate",
    "electronic_seal",
    "document",
    "document_blob",
    "agreement_scan",
    "deed_scan",
    "ledger_account",
    "transfer",
    "ledger_seal",
    "ledger_verification",
    "purchase_code",
    "accrual",
    "quarter_close",
    "fund_release",
    "fund_deduction",
    "deduction_change",
    "evidence_custody",
    "case_hearing",
    "payout_list",
    "payout",
    "payout_mark",
    "repayment",
    "payment_correction",
    "clawback_notice",
    "clawback_settlement",
    "voucher_file",
    "voucher_office",
    "voucher",
    "voucher_transfer",
    "account_figures",
    "lpr_rate",
    "late_interest",
    "statement_delivery",
    "statement_scan",
    "objection_point",
    "meeting_attendance",
    "meeting_cost",
    "meeting_task_record",
    "policy_text",
    "policy_distributor",
    "meeting_sighting_verdict",
    "meeting_signed_sheet",
)
# Rows that stay, with columns that never change; the others say how far the work on them has come.
KEPT = (
    "scan_pile",
    "scan_file",
    "scan_page",
    "scan_mark",
    "scan_return",
    "ledger_book",
    "purchase",
    "fund_hold",
    "quarter_proposal",
    "statement",
    "statement_reply",
    "violation_case",
    "case_investigator",
    "case_evidence",
    "case_paper",
    "case_appeal",
    "case_award",
    "case_taking_back",
    "meeting",
    "meeting_invitation",
    "meeting_guest",
    "meeting_kiosk",
    "policy",
    "policy_showing",
    "policy_telling",
    "meeting_sighting",
    "mail",
    "meeting_minutes",
    "meeting_task",
    "commendation",
)
_OLDEST_POSTGRES = 140_000
_WASTE = 64 * 1024**2
_WAIT_SECONDS = 3
# What SQLite says of a file that it cannot make sense of.
_SIGNS_OF_DAMAGE = ("malformed", "not a database")


def database(place: Place) -> Iterator[Finding]:
    """Everything about the database; when it does not answer, only that."""
    try:
        with _reading(place) as connection:
            yield _answers(connection)
            is_current, finding = _version(place, connection)
            yield finding
            if not is_current:
                return
            yield _guards(connection)
            yield from (_sqlite if connection.dialect.name == "sqlite" else _postgres)(place, connection)
    except sa.exc.DBAPIError as error:
        reason = _first_line(error.orig)
        if any(sign in reason for sign in _SIGNS_OF_DAMAGE):
            yield _damaged(reason)
            return
        yield failed(
            N_("The database does not answer: %(reason)s"),
            N_("Start the database, and compare PORTAL_DATABASE_URL with its address and password."),
            reason=reason,
        )
        return
    yield _writable(place)


def _damaged(said: str) -> Finding:
    return failed(
        N_("The file is damaged: %(said)s"),
        N_("Stop the portal, keep a copy of the file and restore the latest backup."),
        said=said,
    )


@contextmanager
def _reading(place: Place) -> Iterator[Connection]:
    with place.engine.connect() as connection:
        yield connection.execution_options(portal_deferred=True)


def _first_line(error: object) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__


def _answers(connection: Connection) -> Finding:
    if connection.dialect.name == "sqlite":
        version = connection.scalar(sa.text("SELECT sqlite_version()"))
        return ok(N_("SQLite %(version)s is responding."), version=version)
    number = int(str(connection.scalar(sa.text("SHOW server_version_num"))))
    version = connection.scalar(sa.text("SHOW server_version"))
    if number < _OLDEST_POSTGRES:
        return warning(
            N_(
                "PostgreSQL %(version)s is responding, but it is older than the versions tested with the portal."
            ),
            N_("Upgrade PostgreSQL to version 14 or newer."),
            version=version,
        )
    return ok(N_("PostgreSQL %(version)s is responding."), version=version)


def _version(place: Place, connection: Connection) -> tuple[bool, Finding]:
    config = alembic_config.Config()
    config.set_main_option("script_location", str(place.migrations))
    scripts = alembic_script.ScriptDirectory.from_config(config)
    heads, known = set(scripts.get_heads()), {script.revision for script in scripts.walk_revisions()}
    found: set[str] = set()
    if sa.inspect(connection).has_table("alembic_version"):
        found = {
            str(row[0]) for row in connection.execute(sa.text("SELECT version_num FROM alembic_version"))
        }
    facts = {"found": ", ".join(sorted(found)) or "—", "wanted": ", ".join(sorted(heads))}
    if found == heads:
        return True, ok(N_("The tables match this version (%(found)s)."), **facts)
    if found - known:
        return False, failed(
            N_("Its tables are of a newer version (%(found)s) than the portal (%(wanted)s)."),
            N_("Update the portal, or restore a backup of this version."),
            **facts,
        )
    return False, failed(
        N_("Its tables are of an older version (%(found)s) than the portal (%(wanted)s)."),
        N_("Copy the database, or back it up with the older version, then run flask --app wsgi db upgrade."),
        **facts,
    )


def _guards(connection: Connection) -> Finding:
    if connection.dialect.name == "sqlite":
        sql = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        wanted = {
            f"{table}_no_{what}" for table in GUARDED + KEPT for what in ("update", "delete", "replace")
        }
    else:
        sql = "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D' AND NOT tgisinternal"
        wanted = {f"{table}_{what}" for table in GUARDED + KEPT for what in ("is_kept", "is_not_emptied")}
        wanted |= {f"{table}_stays" for table in KEPT}
    missing = wanted - {str(row[0]) for row in connection.execute(sa.text(sql))}
    if missing:
        return failed(
            N_("The protection of permanent records is missing: %(triggers)s"),
            N_("Find out who removed it; restore the latest backup onto an empty database."),
            triggers=", ".join(sorted(missing)),
        )
    return ok(N_("Permanent records are protected against changes."))


def _sqlite(place: Place, connection: Connection) -> Iterator[Finding]:
    def pragma(name: str) -> Any:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

    # SQLite says so only by ignoring it: a file in another mode lets readers and writers wait for one another.
    if pragma("foreign_keys") != 1:
        yield failed(N_("Foreign keys are off."), N_("Restart the portal; report this if it persists."))
    mode = str(pragma("journal_mode")).lower()
    if mode != "wal":
        yield failed(
            N_(
                "The journal is in the mode %(mode)s instead of WAL: readers and writers wait for one another."
            ),
            N_("Keep the file on a local disk, not in a network folder, and restart the portal."),
            mode=mode,
        )
    size = int(pragma("page_size"))
    pages, free = int(pragma("page_count")), int(pragma("freelist_count"))
    if free * size > _WASTE and free > pages / 4:
        yield warning(
            N_("%(free)s MB of the file's %(size)s MB are unused."),
            N_("Stop the portal and run VACUUM on the file when there is time."),
            free=free * size // 10**6,
            size=pages * size // 10**6,
        )
    if place.is_thorough:
        said = str(pragma("quick_check(5)"))
        if said != "ok":
            yield _damaged(_first_line(said))
            return
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            yield failed(
                N_("A row of %(table)s points nowhere."),
                N_("Stop the portal, keep a copy of the file and restore the latest backup."),
                table=broken[0],
            )
            return
    yield ok(N_("The file is OK: %(size)s MB, WAL, foreign keys on."), size=pages * size // 10**6)


def _postgres(_place: Place, connection: Connection) -> Iterator[Finding]:
    row = connection.execute(
        sa.text(
            "SELECT pg_encoding_to_char(encoding) AS encoding, datcollate AS collation FROM pg_database"
            " WHERE datname = current_database()"
        )
    ).one()
    if row.encoding != "UTF8":
        yield failed(
            N_("The database keeps text as %(encoding)s: Chinese is lost."),
            N_("Create a database with ENCODING 'UTF8', and move with flask backup and flask restore."),
            encoding=row.encoding,
        )
    else:
        yield ok(N_("Text is kept as UTF8, ordered by %(collation)s."), collation=row.collation)
    most = int(str(connection.scalar(sa.text("SHOW max_connections"))))
    used = int(
        connection.scalar(sa.text("SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL")) or 0
    )
    if used > most * 0.9:
        yield warning(
            N_("%(used)s of %(most)s connections are in use."),
            N_("Raise max_connections, or start fewer WORKERS."),
            used=used,
            most=most,
        )
    if sum(int(found or 0) for (found,) in connection.execute(sa.text(_STALE_SEQUENCES))):
        yield failed(
            N_("Numbers of new rows would collide with rows that are there."),
            N_("Move with flask backup and flask restore, which set the counters."),
        )


# Rows copied in by hand leave their counter behind; the largest and busiest tables tell.
_STALE_SEQUENCES = " UNION ALL ".join(
    f"SELECT CASE WHEN (SELECT max(id) FROM {table}) > COALESCE((SELECT last_value FROM pg_sequences"  # noqa: S608
    f" WHERE schemaname = current_schema() AND sequencename = '{table}_id_seq'), 0) THEN 1 ELSE 0 END"
    for table in ("audit_event", "distributor", "agreement", "document", "user_account")
)


def _writable(place: Place) -> Finding:
    """A row is written and taken back; nothing of it stays."""
    try:
        # Also where a page asks, which otherwise only reads: without a transaction the row would stay.
        with writing(), place.engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                driver: Any = connection.connection.driver_connection
                driver.execute(f"PRAGMA busy_timeout={_WAIT_SECONDS * 1000}")
            try:
                connection.execution_options(portal_deferred=False)
                connection.execute(
                    sa.insert(Throttle).values(key="doctor:", attempts=0, window_ends_at=now())
                )
                connection.rollback()
            finally:
                if connection.dialect.name == "sqlite":
                    connection.invalidate()  # its waiting time was changed
    except sa.exc.DBAPIError as error:
        if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == 5:
            return warning(
                N_("Somebody has been writing for more than %(seconds)s seconds."),
                N_("Check again in a moment; if it persists, find out which import or process it is."),
                seconds=_WAIT_SECONDS,
            )
        return failed(
            N_("The database cannot be written to: %(reason)s"),
            N_("Check the disk space and the owner of the file, or the rights of the database role."),
            reason=_first_line(error.orig),
        )
    return ok(N_("The database can be written to."))
