"""Importing 50,000 distributors with every column of the template, beside openpyxl with ORM objects.

The yardstick is what one would write with care by the manuals: openpyxl reads the sheet row by row, each row becomes
ORM objects (record, number, contact) after the obvious checks against dicts (codes, credit codes, offices, owners),
and every 1,000 rows are indexed for the search, told to the audit trail and committed, so that memory does not grow.
It looks for no near-same names, keeps no report and has no second chance after a row that is wrong; ours, `flask
distributors import`, does. Each run is a process of its own on a fresh copy of the same database; the two take turns.
"""

from __future__ import annotations

import csv
import re
import shutil
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl
import sqlalchemy as sa
import xlsxwriter
from flask_migrate import upgrade
from sqlalchemy.orm import Session
from stdnum.cn import uscc as uscc_rule

from bench.figures import Figure, Options, say
from bench.processes import spent
from portal import create_app
from portal.domain.access.roles import Role
from portal.domain.audit import services as audit
from portal.domain.distributors import search
from portal.domain.distributors.models import (
    Channel,
    Contact,
    Distributor,
    DistributorPhone,
    Level,
    Territory,
)
from portal.domain.regions import services as regions
from portal.domain.regions.models import Region
from portal.domain.text import name_key
from portal.domain.users import services as users
from portal.domain.users.models import User
from portal.extensions import db
from tests.postgres import PostgresServer

ROOT = Path(__file__).resolve().parent.parent
ROWS, QUICK_ROWS, BATCH = 50_000, 5_000, 1_000
OFFICES = tuple(f"示例{name}大区" for name in ["华东", "华南", "华北", "华中", "西南", "西北", "东北"])
HEAD = (
    *("经销商编码", "经销商名称", "简称", "英文名称", "统一社会信用代码", "法定代表人", "级别", "渠道类型"),
    *("上级经销商", "大区", "业务区域", "负责人", "省份", "城市", "地址", "电话", "邮箱", "经度", "纬度"),
    *("联系人", "联系人职务", "联系人电话", "成立日期", "员工", "车辆", "网点", "在售品牌", "户名", "开户行"),
    *("账号", "账期", "授信额度", "保证金", "开票抬头", "开票地址电话", "开票开户行及账号", "备注"),
)
_DIGITS = "零一二三四五六七八九"
_FIRST = "安邦成德恒丰广国海华佳金康利隆茂宁平荣瑞盛泰通万祥信兴益源"
_TRADE = ("商贸", "食品", "贸易", "供应链管理", "实业", "粮油", "酒业", "日化")
_LEVELS = {"总经销商": Level.GENERAL, "二批": Level.SECOND_TIER, "零售商": Level.RETAILER}
_CHANNELS = {"经销": Channel.DISTRIBUTOR, "代理": Channel.AGENT, "直销": Channel.DIRECT}
_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def uscc(number: int) -> str:
    """A fictional credit code whose check character is right."""
    body = f"91330100MA{number:07d}"
    total = sum(_USCC.index(char) * 3**place % 31 for place, char in enumerate(body))
    return body + _USCC[(31 - total % 31) % 31]


def row(number: int) -> list[Any]:
    """One fictional company with every column filled, as numbers and dates where Excel has them."""
    spelt = "".join(_DIGITS[int(digit)] for digit in f"{number:05d}")
    first = _FIRST[number % 28] + _FIRST[number // 28 % 28] + _FIRST[number // 784 % 28]
    office, trade = number % len(OFFICES), _TRADE[number % len(_TRADE)]
    name = f"示例市{first}{spelt}{trade}有限公司"
    code = f"B{number:06d}"
    founded = date(2000, 1, 1) + timedelta(days=number % 9000)
    account = f"6222{number:015d}"
    return [
        *(code, name, first + spelt, f"Example {number} Trading Co., Ltd.", uscc(number), "示例人" + first),
        *(("总经销商", "二批", "零售商")[number % 3], ("经销", "代理", "直销")[number % 3]),
        f"B{number - number % 50:06d}" if number % 3 and number % 50 and number > 50 else "",
        *(OFFICES[office], f"示例片区{number % 40}"),
        *(f"bench{office}", "浙江省", "示例市", f"示例市虚构大道{number}号", f"0571-{80000000 + number}"),
        *(f"sales{number}@example.cn", 120 + number % 1000 / 1000, 30 + number % 900 / 1000),
        *("示例" + first, "采购经理", f"1380000{number % 10000:04d}", founded, number % 300, number % 20),
        *(number % 500, "示例牌、样品牌", name, f"示例银行{first}支行", account, number % 90, 500_000, 20_000),
        *(name, f"示例市虚构大道{number}号 0571-{80000000 + number}", f"{first}支行 {account}", "示例备注"),
    ]  # fmt: skip


def write_files(folder: Path, rows: int) -> tuple[Path, Path]:
    """The list as .xlsx and as .csv."""
    xlsx, text = folder / "list.xlsx", folder / "list.csv"
    with xlsxwriter.Workbook(xlsx, {"constant_memory": True}) as book, text.open("w", newline="") as file:
        sheet, dates, writer = (
            book.add_worksheet("名录"),
            book.add_format({"num_format": "yyyy-mm-dd"}),
            csv.writer(file),
        )
        sheet.write_row(0, 0, HEAD)
        writer.writerow(HEAD)
        for number in range(1, rows + 1):
            for place, value in enumerate(row(number)):
                if isinstance(value, date):
                    sheet.write_datetime(number, place, value, dates)
                else:
                    sheet.write(number, place, value)
            writer.writerow(row(number))
    return xlsx, text


def prepare(url: str, folder: Path) -> None:
    """A migrated database with the offices and owners that the list names."""
    app = create_app(SQLALCHEMY_DATABASE_URI=url, INSTANCE=folder, SECRET_KEY="bench")
    with app.app_context():
        upgrade()
        session = db.session()
        root = regions.head_office(session)
        users.add_user(
            session,
            username="admin",
            name="示例管理员",
            password_hash="-",
            grants=[(Role.ADMINISTRATOR, root)],
        )
        for number, name in enumerate(OFFICES):
            region = regions.add_region(session, code=f"R{number}", name=name, parent=root)
            users.add_user(
                session,
                username=f"bench{number}",
                name=f"示例员工{number}",
                password_hash="-",
                grants=[(Role.REGIONAL_MANAGER, region)],
            )
        session.commit()
        db.session.remove()
        db.engine.dispose()


# ---- the yardstick --------------------------------------------------------------------------------------------------


def yardstick(path: Path) -> None:
    """Import an .xlsx as one would write it with care: openpyxl, dicts, ORM objects, a commit every 1,000 rows."""
    session = db.session()
    books = _Books(
        regions={region.name: region.id for region in session.scalars(sa.select(Region))},
        owners={user.username: user.id for user in session.scalars(sa.select(User))},
        territories={(one.region_id, one.name): one.id for one in session.scalars(sa.select(Territory))},
        codes=dict(session.execute(sa.select(Distributor.code_key, Distributor.id)).all()),
        usccs=set(session.scalars(sa.select(Distributor.uscc))),
    )
    sheet = openpyxl.load_workbook(path, read_only=True, data_only=True).active
    rows = sheet.iter_rows(values_only=True)
    head = next(rows)
    later: list[tuple[int, str]] = []
    while batch := list(islice(rows, BATCH)):
        made = []
        for cells in batch:
            facts = dict(zip(head, cells, strict=True))
            text = {name: str(value).strip() if value is not None else "" for name, value in facts.items()}
            made.append((_record(session, books, facts, text), text["上级经销商"].upper()))
        session.flush()
        for record, parent in made:
            books.codes[record.code_key] = record.id
            if parent in books.codes:
                record.parent_id = books.codes[parent]
            elif parent:
                later.append((record.id, parent))
            audit.record(session, None, "distributor.imported", record, code=record.code, name=record.name)
        search.index(session, [record.id for record, _parent in made])
        session.commit()
        session.expunge_all()  # or every object stays, and memory with it
    for child, parent in later:
        record = session.get_one(Distributor, child)
        record.parent_id = books.codes[parent]
    session.commit()


@dataclass
class _Books:
    """What rows refer to, by the words of the list."""

    regions: dict[str, int]
    owners: dict[str, int]
    territories: dict[tuple[int, str], int]
    codes: dict[str, int]
    usccs: set[str]


def _record(session: Session, books: _Books, facts: dict[str, Any], text: dict[str, str]) -> Distributor:
    """One row, checked as plainly as can be; ValueError for one that is wrong or there already."""
    code, name, uscc = text["经销商编码"], text["经销商名称"], text["统一社会信用代码"]
    if not code or not name or code.upper() in books.codes:
        raise ValueError(code)
    if uscc and (not uscc_rule.is_valid(uscc) or uscc in books.usccs):
        raise ValueError(uscc)
    books.usccs.add(uscc)
    region_id = books.regions[text["大区"]]
    territory_id = books.territories.get((region_id, text["业务区域"]))
    if territory_id is None:
        territory = Territory(region_id=region_id, name=text["业务区域"])
        session.add(territory)
        session.flush()
        territory_id = books.territories[region_id, text["业务区域"]] = territory.id
    record = Distributor(
        code=code,
        code_key=code.upper(),
        name=name,
        name_key=name_key(name),
        short_name=text["简称"],
        name_en=text["英文名称"],
        uscc=uscc,
        legal_rep=text["法定代表人"],
        level=_LEVELS[text["级别"]],
        channel=_CHANNELS[text["渠道类型"]],
        region_id=region_id,
        territory_id=territory_id,
        owner_id=books.owners[text["负责人"]],
        province=text["省份"],
        city=text["城市"],
        address=text["地址"],
        longitude=float(text["经度"]),
        latitude=float(text["纬度"]),
        email=text["邮箱"],
        founded_on=facts["成立日期"].date(),
        staff=int(text["员工"]),
        vehicles=int(text["车辆"]),
        outlets=int(text["网点"]),
        brands=text["在售品牌"],
        bank_account_name=text["户名"],
        bank_name=text["开户行"],
        bank_account=text["账号"],
        credit_days=int(text["账期"]),
        credit_limit_fen=int(text["授信额度"]) * 100,
        deposit_fen=int(text["保证金"]) * 100,
        invoice_title=text["开票抬头"],
        invoice_address_phone=text["开票地址电话"],
        invoice_bank=text["开票开户行及账号"],
        note=text["备注"],
    )
    record.phones.append(DistributorPhone(display=text["电话"], digits=re.sub(r"\D", "", text["电话"])))
    record.contacts.append(
        Contact(name=text["联系人"], title=text["联系人职务"], phone=text["联系人电话"], is_primary=True)
    )
    session.add(record)
    return record


# ---- measuring ------------------------------------------------------------------------------------------------------


@contextmanager
def databases(
    options: Options, folder: Path, prepare: Callable[[str, Path], None]
) -> Iterator[dict[str, Callable[[], str]]]:
    """For each database what gives the address of a fresh copy of what `prepare` made of it."""
    fresh: dict[str, Callable[[], str]] = {}
    with ExitStack() as stack:
        if "sqlite" in options.databases:
            prepare(f"sqlite:///{folder / 'base.sqlite3'}", folder)

            def sqlite() -> str:
                for ending in ("", "-wal", "-shm"):
                    (folder / f"run.sqlite3{ending}").unlink(missing_ok=True)
                shutil.copy(folder / "base.sqlite3", folder / "run.sqlite3")
                return f"sqlite:///{folder / 'run.sqlite3'}"

            fresh["sqlite"] = sqlite
        if "postgresql" in options.databases:
            server = stack.enter_context(PostgresServer())
            base = server.create_database("import_base")
            prepare(base, folder)

            def postgresql() -> str:
                server.drop_database("import_run")
                return server.create_database("import_run", template="import_base")

            server.create_database("import_run")
            fresh["postgresql"] = postgresql
        yield fresh


def measure(options: Options) -> list[Figure]:
    """Import the list by command beside the yardstick, in turns; medians of the wall's ratios."""
    folder = options.folder / "imports"
    folder.mkdir()
    count, turns = (QUICK_ROWS, 1) if options.quick else (ROWS, 3)
    xlsx, text = write_files(folder, count)
    flask = [sys.executable, "-m", "flask", "--app", "wsgi", "distributors", "import", "--json"]
    plain = [sys.executable, "-m", "bench.imports", str(xlsx)]
    figures = []
    with databases(options, folder, prepare) as fresh:
        for name, database in fresh.items():
            say(f"importing {count} rows, {name}")
            runs = [
                {
                    "xlsx": spent([*flask, str(xlsx)], database(), folder),
                    "openpyxl": spent(plain, database(), folder),
                    "csv": spent([*flask, str(text)], database(), folder),
                }
                for _turn in range(turns)
            ]
            url = database()
            spent([*flask, str(text)], url, folder)
            again = spent([*flask, str(text)], url, folder)
            for kind in ("xlsx", "csv"):
                ratio = statistics.median(run[kind].wall / run["openpyxl"].wall for run in runs)
                detail = {
                    "rows": count,
                    **{
                        f"{which} {unit}": round(
                            statistics.median(getattr(run[which], unit) for run in runs), 2
                        )
                        for which in (kind, "openpyxl")
                        for unit in ("wall", "cpu", "peak")
                    },
                }
                title = f"import {kind}, {name}"
                figures.append(
                    Figure(f"{title}: time beside openpyxl with ORM", ratio, "×", 0.25, detail=detail)
                )
                peak = max(run[kind].peak for run in runs)
                figures.append(Figure(f"{title}: peak memory", peak, "MB", 400))
            figures.append(Figure(f"import csv again, {name}: nothing changes", again.wall, "s"))
    return figures


if __name__ == "__main__":
    application = create_app(pages=False)  # no faster and no slower to begin than the command beside it
    with application.app_context():
        yardstick(Path(sys.argv[1]))
