"""Small office files, built in memory, for the tests of what reads tables; all companies are fictional."""

import base64
import io
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import xlsxwriter

from portal.domain.tabular import Column, Spec

SPEC = Spec(
    columns=(
        Column("region", "Region", ("大区", "区域", "办事处")),
        Column("code", "Code", ("经销商编码", "编码", "编号", "代码")),
        Column("name", "Name", ("经销商名称", "名称", "公司名称", "客户名称")),
        Column("phones", "Phones", ("电话", "联系电话", "手机"), is_list=True),
        Column("contact", "Contact", ("联系人", "联系人姓名")),
        Column("contact_phone", "Contact’s phone", ("联系人电话",)),
        Column("founded_on", "Founded", ("成立日期",)),
    ),
    keys=("name",),
)
HEAD = ("大区", "经销商编码", "经销商名称", "电话", "成立日期")


def workbook(**sheets: Iterable[Sequence[Any]] | Callable[[Any, Any], None]) -> bytes:
    """A workbook with these sheets: rows of values, or a function given sheet and workbook."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False}) as book:
        for name, content in sheets.items():
            sheet = book.add_worksheet(name)
            if callable(content):
                content(sheet, book)
            else:
                for number, row in enumerate(content):
                    sheet.write_row(number, 0, row)
    return target.getvalue()


def csv_text(*rows: Sequence[str]) -> str:
    """Rows as the lines of a CSV file, as they are: nothing is quoted."""
    return "".join(",".join(row) + "\r\n" for row in rows)


def zipped(**parts: bytes) -> bytes:
    """A zip of these parts; `__` in a name stands for a slash and `_` for a dot."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return target.getvalue()


def repacked(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The same zip with one part changed."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == part else content)
    return target.getvalue()


def ods(rows_xml: str) -> bytes:
    """An OpenDocument spreadsheet with one sheet of these rows."""
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content'
        ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="名录">{rows_xml}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr(
            "META-INF/manifest.xml",
            '<?xml version="1.0"?><manifest:manifest'
            ' xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        archive.writestr("content.xml", content)
    return target.getvalue()


def ods_row(*values: str, attributes: str = "") -> str:
    """One row of text cells."""
    cells = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'
        for value in values
    )
    return f"<table:table-row{attributes}>{cells}</table:table-row>"


# An Excel 97 workbook: a title, a blank row, HEAD, then two rows whose region 华东区 is one merged cell; the
# first has its phone as a number and 2019-05-18 as a date.
XLS = zlib.decompress(
    base64.b85decode(
        "c-rk)T}TvB6#nka>~F5Frh*nGL0YD;Ygi)KmiY6Mo3=_Rk!dawhQ?x`KB#3vU_lW<MK6Lq_+kao4@J~lP+-(U5C~fM"
        ")Js8859)O8+1Y8;0vAd!<{R#rd(J)QyMJ@<+?m&tsner(vuCgbyP;x1cflTK6O>#r#S1Feb(xLbos@J7YYHwWO{Cq1"
        "$DUUXIfrt-XQ1GY_M9Z}fzn}|La?hdoV$vs;5M`h*@kkG0yoK$j4W<d8p~rW*R#CMo=;frVar99<>WgpnlTv&7L*!K"
        "@gZe1mnB2;KH!-5Z1E!lFXU4^a7jdcZP*(*(Ry-?736417z0gcO}H~0k$MVl!3{JKifU_%Dl4avPLn-`Z+b59HMXjs"
        "<y!XDwF{8_$6~wV4|XR_;!^t+MFR$*ALT_dj3o4EvP2P{hQ^jTTqX-Rxgd(+Los%u`$$>u$bRWSLHSK(AsfVGKdx3c"
        "W)6rRQ}Hx>?j?tk(^DfFgtzTw-)wl(aTOvM+88Vg(Tb_^+aV+ug5N{cjr-0^Td`rgVAwo>uVk0MsFdLI`TTC#7~Xfh"
        "i}oE4ug4^k?MUH#Dz8c}b$o98%bVJ^x<CtC2KikReIsp=0{|UoWCR5#bBWEA1st)R<ymIk!1-*J>EuKAyt)h{Q$55!"
        "=eRVF>e<0~8_18#Z>9Y3r}~FE!yg0NC_hm%)0aN+E-;GCG|cT3FRvjKib8SYy2PVE>@JMmYl>yovYpJSc#Xd4#%nhP"
        "^K$JHQdvq5g?qQyLtzg&CQ&Umeo;*!O*J)@G|kjB(rgB^`Wt4IneB$Z%FGT^lgx5HR2qAgnSpEd&G%dt{faEtsK>!^"
        "h1q4DS{(aRiqwprNj8nSU8W|v-KHkF*O4|$nqX!=t0-x>FFQ&*|1Y><!GZ+~7A#n>U|~7rX;B`XR6dtQPt5Y1=P>^3"
        "%u`yhev|ySIDjs?y6K~`3Y~P1pf{oCClfXi;}R>3iTy8>I7qce(1A8?M@PcXFMUgi`2MUo(EIn6P@?rOB+|}*T>nor"
        "RQk;"
    )
)
