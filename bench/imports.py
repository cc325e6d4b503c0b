"""Importing 50,000 distributors with every column of the template, beside openpyxl with ORM objects.

The yardstick is what anybody would write first: openpyxl reads the sheet row by row, each row becomes ORM objects
(record, numbers, contact, event of the trail) after the obvious checks against dicts, and one commit ends it. It
makes no search rows, looks for no near-same names, and keeps no report; ours, `flask distributors import`, does.
Each run is a process of its own on a fresh copy of the same database; the two take turns.
"""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import xlsxwriter
from flask_migrate import upgrade

from portal import create_app
from portal.domain.access.roles import Role
from portal.domain.regions import services as regions
from portal.domain.users import services as users
from portal.extensions import db

ROWS, QUICK_ROWS = 50_000, 5_000
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
        *(f"B{number - number % 50:06d}" if number % 50 and number > 50 else "", OFFICES[office], f"示例片区{number % 40}"),
        *(f"bench{office}", "浙江省", "示例市", f"示例市虚构大道{number}号{number % 30 + 1}幢", f"0571-{80000000 + number}"),
        *(f"sales{number}@example.cn", 120 + number % 1000 / 1000, 30 + number % 900 / 1000),
        *("示例" + first, "采购经理", f"1380000{number % 10000:04d}", founded, number % 300, number % 20),
        *(number % 500, "示例牌、样品牌", name, f"示例银行{first}支行", account, number % 90, 500_000, 20_000),
        *(name, f"示例市虚构大道{number}号 0571-{80000000 + number}", f"示例银行{first}支行 {account}", "示例备注"),
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
                    sheet.write_datetime(number, place, value, dates)  # type: ignore[arg-type]
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
