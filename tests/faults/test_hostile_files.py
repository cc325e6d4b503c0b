"""Files that are broken, hostile or a mixture: the import page and the command refuse them with the same words."""

import io
import json
import re
import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.domain.access.roles import Role
from portal.domain.distributors.models import Distributor, DistributorDocument, ImportFile
from portal.domain.documents.models import Blob, Document
from portal.domain.price_protection.models import AgreementScan
from portal.domain.users.models import User
from tests.domain.agreement_world import AgreementWorld
from tests.domain.tabular_files import csv_text, ods, ods_row, repacked, workbook, zipped
from tests.factories import Factory
from tests.faults.test_database_faults import count

SignIn = Callable[..., FlaskClient]
HEAD = ("经销商编码", "经销商名称", "成立日期", "授信额度", "统一社会信用代码", "电话")
LIST = csv_text(HEAD, *((f"A{n}", f"示例{n}号商行", "2019-05-18", "", "", "") for n in range(1, 4)))
BOOK = workbook(名录=[HEAD, ("A1", "示例一号商行")])


def bomb(part: str, megabytes: int) -> bytes:
    """A workbook with one part of so many MB of blanks, made without unpacking anything: each block is one flush."""
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = machine.compress(b" " * 2**20) + machine.flush(zlib.Z_FULL_FLUSH)
    packed = block * megabytes + b"\x03\x00"
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(BOOK)) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            if name != part:
                new.writestr(name, old.read(name))
        # Kept as it is; that it is packed, and how large it says it is, is written into its heads afterwards.
        new.writestr(part, packed)
    data = bytearray(target.getvalue())
    for head, method in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        place = data.rindex(
            head, 0, data.rindex(part.encode()) if head[2] == 1 else data.index(part.encode())
        )
        data[place + method : place + method + 2] = struct.pack("<H", 8)
        size = place + (22 if head[2] == 3 else 24)
        data[size : size + 4] = struct.pack("<I", min(megabytes * 2**20, 2**32 - 2))
    return bytes(data)


def with_part(name: str, content: bytes) -> bytes:
    target = io.BytesIO(BOOK)
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr(name, content)
    return target.getvalue()


REFUSED: dict[str, tuple[str, bytes, str]] = {
    "an empty file": ("a.csv", b"", "空的"),
    "blank lines only": ("a.csv", b" \r\n\t\r\n", "空的"),
    "an empty workbook": ("a.xlsx", workbook(空=[]), "空的"),
    "a GB18030 line inside UTF-8": (
        "a.csv",
        (LIST * 5).encode() + "A9,示例九号\r\n".encode("gb18030") + LIST.encode(),
        "编码",
    ),
    "a UTF-8 line inside GB18030": (
        "a.csv",
        LIST.encode("gb18030") + "A9,示例九号商行\r\n".encode() + LIST.encode("gb18030"),
        "编码",
    ),
    "UTF-8 cut off": ("a.csv", LIST.encode()[:-45] + b"\xe7\xa4", "编码"),
    "UTF-16 without its mark": ("a.csv", LIST.encode("utf-16-le"), "不是表格"),
    "UTF-32": ("a.csv", LIST.encode("utf-32"), "不是表格"),
    "Latin nonsense": ("a.csv", bytes(range(128, 256)) * 20, "编码"),
    "10,000 columns": ("a.csv", LIST.encode() + b"x," * 9_999 + b"\r\n", "列"),
    "10,000 columns in Excel": ("a.xlsx", workbook(名录=[HEAD, ["x"] * 10_000]), "列"),
    "a PDF called .xlsx": ("a.xlsx", b"%PDF-1.7\n1 0 obj", "不是表格"),
    "an image called .csv": ("a.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "不是表格"),
    "a document called .xlsx": ("a.xlsx", zipped(word__document_xml=b"<w/>"), "不是表格"),
    "a workbook in a zip": ("a.xlsx", zipped(list_xlsx=BOOK), "不是表格"),
    "a zip in itself": ("a.xlsx", zipped(a_zip=zipped(a_zip=zipped(a_zip=BOOK))), "不是表格"),
    "a cut workbook": ("a.xlsx", BOOK[: len(BOOK) // 2], "损坏"),
    "macros": ("a.xlsm", with_part("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 Auto_Open"), "宏"),
    "macros under another name": ("a.xlsx", with_part("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0"), "宏"),
    "macros of LibreOffice": ("a.ods", with_part("Basic/script-lc.xml", b"<x/>"), "宏"),
    "a web page called .xls": ("a.xls", b"<html><table><tr><td>x</td></tr></table></html>", "网页"),
    "a file of NULs": ("a.csv", bytes(4096), "不是表格"),
    "blanks without end": ("a.xlsx", bomb("xl/worksheets/sheet1.xml", 100), "过大"),
    "texts without end": ("a.xlsx", bomb("xl/sharedStrings.xml", 100), "过大"),
    "billions of repeated cells": (
        "a.ods",
        ods(ods_row(*HEAD) + ods_row("x", attributes=' table:number-rows-repeated="900000"').replace(
            "<table:table-cell ", '<table:table-cell table:number-columns-repeated="250" ')),
        "过大",
    ),
    "entities that grow": (
        "a.xlsx",
        repacked(
            BOOK,
            "xl/sharedStrings.xml",
            lambda xml: b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "' + b"a" * 999 + b'">'
            + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 99) for n in range(6))
            + b"]><sst><si><t>&g;</t></si></sst>",
        ),
        "损坏|表头|编码|名称",
    ),
}  # fmt: skip


@pytest.fixture
def boss(make: Factory) -> User:
    return make.user(Role.ADMINISTRATOR, make.head_office())


def hand_in(browser: FlaskClient, data: bytes, filename: str) -> TestResponse:
    sent = {"file": (io.BytesIO(data), filename), "owner_id": ""}
    return browser.post("/distributors/import", data=sent, content_type="multipart/form-data")


def command(app: Flask, path: Path, data: bytes, filename: str, *options: str) -> Any:
    file = path / filename
    file.write_bytes(data)
    return app.test_cli_runner().invoke(args=["distributors", "import", str(file), *options])


def test_page_and_command_refuse_each_hostile_file_with_the_same_words(
    app: Flask, session: Session, boss: User, sign_in: SignIn, tmp_path: Path
) -> None:
    browser, wrong = sign_in(boss, language="zh_CN"), []
    for name, (filename, data, words) in REFUSED.items():
        began = time.monotonic()
        page = hand_in(browser, data, filename)
        result = command(app, tmp_path, data, filename, "--create-regions")
        said = result.stderr.strip()
        if page.status_code != 422 or result.exit_code != 2 or result.stdout or "Traceback" in said:
            wrong.append((name, page.status_code, result.exit_code, said or result.stdout))
        elif not re.search(words, said) or said.split("\n")[0] not in page.text.replace("&#34;", '"'):
            wrong.append((name, said))
        if time.monotonic() - began > 8:
            wrong.append((name, "slow"))
    assert not wrong
    assert [count(session, model) for model in (ImportFile, Document, Blob, Distributor)] == [0, 0, 0, 0]


def test_ten_gigabytes_in_a_file_of_ten_megabytes_are_refused_within_their_memory(
    app: Flask, session: Session, boss: User, tmp_path: Path
) -> None:
    data = bomb("xl/worksheets/sheet1.xml", 10_000)
    assert 8 * 2**20 < len(data) < 12 * 2**20
    tracemalloc.start()
    result = command(app, tmp_path, data, "a.xlsx")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (result.exit_code, "过大" in result.stderr) == (2, True)
    assert peak < 120 * 2**20


READ: dict[str, tuple[str, bytes]] = {
    "UTF-8": ("a.csv", LIST.encode()),
    "UTF-8 with its mark": ("a.csv", LIST.encode("utf-8-sig")),
    "UTF-16 with its mark": ("a.txt", LIST.replace(",", "\t").encode("utf-16")),
    "UTF-16, big end first": ("a.csv", b"\xfe\xff" + LIST.encode("utf-16-be")),
    "GB18030": ("a.csv", LIST.encode("gb18030")),
    "a name that lies": ("a.xlsx", LIST.encode()),
    "a sheet that declares all columns": (
        "a.xlsx",
        repacked(
            workbook(名录=[HEAD, *([f"A{n}", f"示例{n}号商行", "2019-05-18"] for n in range(1, 4))]),
            "xl/worksheets/sheet1.xml",
            lambda xml: xml.replace(b'ref="A1:F4"', b'ref="A1:BDWGN1048576"'),
        ),
    ),
    "full-width": (
        "a.csv",
        csv_text(
            HEAD,
            ("Ａ１", "示例１号商行", "２０１９／５／１８"),
            ("Ａ２", "示例2号商行", "２０１９年５月１８日"),
            ("Ａ３", "示例3号商行", "２０１９－０５－１８"),
        ).encode(),
    ),
    "nothing visible in between": ("a.csv", LIST.replace("示例1", "\u200b示\ufeff例1\u202e").encode()),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_what_can_be_read_is_read_alike_by_page_and_command(
    app: Flask, session: Session, boss: User, sign_in: SignIn, tmp_path: Path, name: str
) -> None:
    filename, data = READ[name]
    browser = sign_in(boss)
    handed = hand_in(browser, data, filename)
    assert handed.status_code == 303, handed.text
    assert browser.post(f"{handed.location}/apply").status_code == 303
    session.rollback()
    made = session.execute(sa.select(Distributor.code, Distributor.name, Distributor.founded_on))
    assert [(code, name, str(day)) for code, name, day in made] == [
        (f"A{n}", f"示例{n}号商行", "2019-05-18") for n in (1, 2, 3)
    ]
    again = command(app, tmp_path, data, filename, "--json")
    assert (again.exit_code, '"unchanged": 3' in again.stdout) == (0, True), again.output


def test_a_list_with_a_head_only_changes_nothing(
    app: Flask, session: Session, boss: User, sign_in: SignIn, tmp_path: Path
) -> None:
    data = csv_text(HEAD).encode()
    browser = sign_in(boss, language="zh_CN")
    handed = hand_in(browser, data, "a.csv")
    assert handed.status_code == 303
    assert "没有要写入的行" in browser.get(handed.location).text
    result = command(app, tmp_path, data, "a.csv", "--json")
    assert (result.exit_code, '"read": 0' in result.stdout) == (0, True)
    assert count(session, Distributor) == 0


ROWS: list[tuple[str, str, str]] = [
    # column, cell, what is said of it
    ("成立日期", "2026/2/30", "没有 2026/2/30 这一天"),
    ("成立日期", "26-02-03", "26-02-03"),
    ("成立日期", "2026-13-01", "13"),
    ("成立日期", "0000-00-00", "0"),
    ("授信额度", "1234.567", "1234.567"),
    ("授信额度", "-5", "-5"),
    ("授信额度", "NaN", "NaN"),
    ("授信额度", "Infinity", "Infinity"),
    ("授信额度", "1e5", "科学计数"),
    ("授信额度", "1,23.4", "1,23.4"),
    ("授信额度", "9" * 30, "999"),
    ("统一社会信用代码", "91330500MA00EX3B4X", "前 17 位不符"),
    ("统一社会信用代码", "91330500MA00EX3B4", "17"),
    ("统一社会信用代码", "91330500MA00EX3BO4", "O"),
]
KEPT: list[tuple[str, str, str, Any]] = [
    ("授信额度", "¥1,234.50", "credit_limit_fen", 123450),
    ("授信额度", "３８０万", "credit_limit_fen", 380_000_000),
    ("授信额度", "￥１，２３４．５", "credit_limit_fen", 123450),
    ("统一社会信用代码", "９１３３０５００ｍａ００ｅｘ３ｂ４ｐ", "uscc", "91330500MA00EX3B4P"),
    ("成立日期", "43603", "founded_on", None),  # an Excel serial number in a text file: see below
    ("经销商名称", "示例𠮷㐂商行", "name", "示例𠮷㐂商行"),
    ("经销商名称", "=1+1商行", "name", "=1+1商行"),
]


def test_each_wrong_cell_is_refused_with_its_row_column_and_reason(
    app: Flask, session: Session, boss: User, sign_in: SignIn, tmp_path: Path
) -> None:
    lines = [HEAD]
    for number, (column, cell, _says) in enumerate(ROWS):
        values = {"经销商编码": f"B{number}", "经销商名称": f"示例第{number}商行", column: f'"{cell}"'}
        lines.append(tuple(values.get(head, "") for head in HEAD))
    data = csv_text(*lines).encode()
    result = command(app, tmp_path, data, "a.csv", "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["refused"], told["created"]) == (1, len(ROWS), 0), told
    page = sign_in(boss, language="zh_CN")
    shown = page.get(hand_in(page, data, "a.csv").location).text
    wrong = []
    for number, (column, cell, says) in enumerate(ROWS):
        refusal = next(one for one in told["refusals"] if one["row"] == number + 2)
        if refusal["column"] != column or not re.search(says, refusal["reason"]):
            wrong.append((cell, refusal))
        if refusal["reason"] not in shown:
            wrong.append((cell, "not on the page"))
    assert not wrong
    assert count(session, Distributor) == 0


def test_each_odd_cell_is_understood_or_refused_and_never_guessed(
    app: Flask, session: Session, boss: User, tmp_path: Path
) -> None:
    lines = [HEAD]
    for number, (column, cell, _field, _value) in enumerate(KEPT):
        values = {"经销商编码": f"C{number}", "经销商名称": f"示例第{number}商行", column: f'"{cell}"'}
        lines.append(tuple(values.get(head, "") for head in HEAD))
    command(app, tmp_path, csv_text(*lines).encode(), "a.csv")
    made = {row.code: row for row in session.scalars(sa.select(Distributor))}
    for number, (_column, cell, field, value) in enumerate(KEPT):
        if value is None:
            assert f"C{number}" not in made, cell
        else:
            assert getattr(made[f"C{number}"], field) == value, cell


def test_a_date_that_excel_keeps_as_a_number_is_a_date(
    app: Flask, session: Session, boss: User, tmp_path: Path
) -> None:
    def fill(sheet: Any, book: Any) -> None:
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, ["A1", "示例一号商行"])
        sheet.write_number(1, 2, 43603, book.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write_row(2, 0, ["A2", "示例二号商行"])
        sheet.write_number(2, 2, 43603)

    result = command(app, tmp_path, workbook(名录=fill), "a.xlsx")
    made = {row.code: str(row.founded_on) for row in session.scalars(sa.select(Distributor))}
    assert made["A1"] == "2019-05-18"
    # Without a date's format nobody can tell it from a number.
    assert "A2" not in made and "43603" in result.stdout


# ---- Documents and scans -----------------------------------------------------------------------------------------


def png(width: int, height: int) -> bytes:
    return (
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
        + struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
        + bytes(60)
    )


def jpeg(width: int, height: int) -> bytes:
    head = b"\xff\xd8\xff\xe0" + struct.pack(">H", 16) + b"JFIF\0" + bytes(9)
    return head + b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, height, width, 3) + bytes(60)


def tiff(width: int, height: int, order: str) -> bytes:
    entries = [(256, 4, 1, width), (257, 4, 1, height)]
    mark = b"II*\x00" if order == "<" else b"MM\x00*"
    return (
        mark
        + struct.pack(order + "IH", 8, 2)
        + b"".join(struct.pack(order + "HHII", *one) for one in entries)
    )


BOMBS = {
    "png": png(50_000, 50_000),
    "jpeg": jpeg(60_000, 60_000),
    "tiff": tiff(50_000, 50_000, "<"),
    "tiff, big end first": tiff(50_000, 50_000, ">"),
}
NO_SCANS = {
    "empty": b"",
    "a program": b"MZ\x90\x00",
    "a web page": b"<!doctype html><script>alert(1)</script>",
    "a drawing": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "a workbook": BOOK,
    "text": "示例".encode(),
}


def test_images_that_declare_billions_of_pixels_are_refused(
    session: Session, make: Factory, sign_in: SignIn
) -> None:
    world = AgreementWorld(session, make)
    agreement = world.signed()
    session.commit()
    browser = sign_in(world.author)
    places = {
        f"/distributors/{agreement.distributor_id}/documents/new": "file",
        f"/agreements/{agreement.id}/signing": "scans",
    }
    before = [count(session, model) for model in (DistributorDocument, AgreementScan, Document)]
    for path, field in places.items():
        for name, data in (BOMBS | NO_SCANS).items():
            answer = browser.post(path, data={field: (io.BytesIO(data), "scan.png"), "title": "x"})
            assert answer.status_code == 422, (path, name)
            assert ("million" in answer.text) == (name in BOMBS), (path, name)
    assert [count(session, model) for model in (DistributorDocument, AgreementScan, Document)] == before
    for path, field in places.items():
        for name, data in {
            "a": png(5_000, 7_000),
            "b": jpeg(5_000, 7_000),
            "c": tiff(5_000, 7_000, "<"),
        }.items():
            kept = browser.post(
                path, data={field: (io.BytesIO(data + name.encode()), f"{name}.png"), "title": name}
            )
            assert kept.status_code == 303, (path, name)


@pytest.mark.parametrize(
    ("filename", "kept"),
    [
        ("../../../etc/cron.d/x.pdf", "x.pdf"),
        ("..\\..\\windows\\x.pdf", None),
        ("C:\\照片\\执照.pdf", None),
        ("a\r\nSet-Cookie: x=1.pdf", None),
        ('"; filename="evil.exe', None),
        ("\u202efdp.exe", None),
        ("执照\x00.pdf", None),
        ("字" * 500 + ".pdf", None),
        ("..", None),
        ("%2e%2e%2fx.pdf", None),
        ("𠮷🙂.pdf", None),
    ],
)
def test_the_name_of_a_file_is_a_name_and_nothing_else(
    session: Session, distributor: Distributor, clerk: User, sign_in: SignIn, filename: str, kept: str | None
) -> None:
    browser = sign_in(clerk)
    sent = {"title": "", "file": (io.BytesIO(b"%PDF-1.7 x"), filename)}
    answer = browser.post(f"/distributors/{distributor.id}/documents/new", data=sent)
    session.rollback()
    if answer.status_code == 422:
        assert not distributor.documents_filed
        return
    assert answer.status_code == 303
    filed = distributor.documents_filed[0]
    if kept is not None:
        assert filed.document.filename == kept
    for char in ("/", "\\", "\r", "\n", "\x00", "\u202e"):
        assert char not in filed.document.filename and char not in filed.title
    given = browser.get(f"/distributors/{distributor.id}/documents/{filed.id}?save=1")
    assert given.status_code == 200
    disposition = given.headers["Content-Disposition"]
    assert disposition.startswith("attachment") and "evil.exe" not in disposition.replace('\\"', "")
    assert "x=1" not in (given.headers.get("Set-Cookie") or "")
    assert browser.get(f"/distributors/{distributor.id}").status_code == 200
