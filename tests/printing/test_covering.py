"""交寄清单 as it comes from the printer: every row in its order, nothing of it in foreign letters."""

import io

import pikepdf
import pytest

from portal.domain.price_protection.letters import Addressed, Letter
from portal.domain.price_protection.models import Status
from portal.domain.price_protection.trail.models import PaperKind
from portal.printing.agreement import RenderedPaper
from portal.printing.covering import covering_list
from portal.printing.health import FAMILIES
from portal.printing.joining import join
from tests.printing.conftest import MADE_AT, squeeze, text_of


@pytest.fixture(scope="module")
def listed() -> RenderedPaper:
    letters = [
        Addressed(
            Letter(
                no,
                f"PPA-2026-{no:06d}",
                list(PaperKind)[no % 3],
                no,
                None,
                Status.APPROVED,
                no // 30,
                f"示例{'东南'[no // 30]}办事处",
                f"示例𬭎{no}号<商贸>有限公司",
                no,
                6,
            ),
            f"浙江省湖州市吴兴区虚构大道{no}号",
            "李四😀",
            f"0572-5555{no:04d}",
        )
        for no in range(45)
    ]
    parts = covering_list(letters, company="示例日化有限公司", by="王示范", copies=2, made_at=MADE_AT)
    return RenderedPaper(*join(parts))


def test_every_row_is_there_in_its_order_with_where_it_goes(listed: RenderedPaper) -> None:
    text = squeeze(text_of(listed))
    places = [text.find(f"PPA-2026-{no:06d}示例𬭎{no}号<商贸>有限公司") for no in range(45)]
    assert -1 not in places
    assert places == sorted(places)
    for no in (0, 44):
        assert f"浙江省湖州市吴兴区虚构大道{no}号李四〓0572-5555{no:04d}26" in text
    assert "价格保护协议15份，补充协议15份，终止通知15份，每份2件，共90件、540页" in text
    assert "示例东办事处30份" in text
    assert "示例南办事处15份" in text


def test_its_pages_are_numbered_on(listed: RenderedPaper) -> None:
    assert listed.pages >= 3
    for page in range(1, listed.pages + 1):
        assert f"第{page}页" in squeeze(text_of(listed, page))


def test_it_holds_our_letters_only(listed: RenderedPaper) -> None:
    with pikepdf.open(io.BytesIO(listed.pdf)) as pdf:
        found = {str(part["/FontFamily"]) for part in pdf.objects if _is_descriptor(part)}
    assert found
    assert found <= FAMILIES


def _is_descriptor(part: pikepdf.Object) -> bool:
    return isinstance(part, pikepdf.Dictionary) and part.get("/Type") == "/FontDescriptor"
