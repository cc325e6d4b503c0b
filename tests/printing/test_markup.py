"""The paper as HTML: the screen shows what is printed, and no value can be more than text."""

import re
import subprocess
import sys
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from urllib.request import OpenerDirector

import pytest
from weasyprint import HTML
from weasyprint.urls import FatalURLFetchingError

from portal.domain.papers.agreement import AgreementPaperData
from portal.printing.agreement import render_agreement_html
from portal.printing.fetcher import Nothing, OwnFonts
from portal.printing.pdf import CodePlace, write_pdf
from tests.paper_examples import BILINGUAL, CHINESE, NUMBER, SMALL, example_payload, template_text
from tests.printing.conftest import print_example, squeeze, text_of

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=http://example.com/x.png onerror=a()>',
    "</style><style>*{display:none}</style>",
    "<style>@import url(file:///etc/passwd)</style>",
    "<link rel=stylesheet href=file:///etc/hostname>",
    "url(http://example.com/a)",
    "@import 'file:///etc/passwd'",
    "<svg><image href='file:///etc/passwd'/></svg>",
    "{{7*7}}{% include '/etc/passwd' %}",
    "**粗**|列|{{rebate_rate}}",
    "&lt;b&gt;&amp;&#60;",
    "<!-- --><![CDATA[ ]]>",
    "\\0041 expression(1) content:attr(x)",
    "<object data=file:///etc/passwd></object>",
    "' onmouseover='a() style='color:red",
]
FIELDS = ("signing_place", "distributor_name", "territory_description", "reporting_channel")


class Seen(HTMLParser):
    """Collects the tags, attributes and text of a fragment."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(str(html))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def with_text(text: str) -> AgreementPaperData:
    payload = example_payload()
    for name in FIELDS:
        payload["values"][name] = text
    payload["prices"][0]["product_name"] = text
    payload["violations"][0]["definition"] = text
    return payload


@pytest.mark.parametrize("text", HOSTILE)
def test_on_screen_a_hostile_value_is_the_text_it_is(text: str) -> None:
    plain = Seen(render_agreement_html(example_payload(), template_text(), number=NUMBER))
    seen = Seen(render_agreement_html(with_text(text), template_text(), number=NUMBER))
    assert seen.tags == plain.tags
    assert {name for name, _ in seen.attributes} == {name for name, _ in plain.attributes}
    assert seen.text.count(text) >= len(FIELDS) + 2


@pytest.mark.parametrize("text", HOSTILE)
def test_on_paper_a_hostile_value_is_the_text_it_is_and_nothing_is_fetched(text: str) -> None:
    """The printing process stops at any address that is asked for, so a finished paper asked for none."""
    paper = print_example(change=lambda payload: payload.update(with_text(text)))
    assert squeeze(text) in squeeze(text_of(paper, 1))
    assert "7*7" in text or "49" not in squeeze(text_of(paper, 1)).replace("449", "")


@pytest.mark.parametrize(
    "html",
    [
        "<img src=http://example.com/x.png>",
        "<img src=file:///etc/hostname>",
        "<img src='portal:fonts/portal-song-regular.ttf'>",
        "<link rel=stylesheet href=http://example.com/x.css>",
        "<style>@import url(file:///etc/hostname);</style>",
        "<p style=\"background: url('http://example.com/x.png')\">x</p>",
        "<link rel=attachment href=file:///etc/hostname>",
        "<object data=file:///etc/hostname></object>",
    ],
)
def test_even_markup_of_our_own_could_fetch_nothing(html: str) -> None:
    with pytest.raises(FatalURLFetchingError):
        write_pdf(
            html,
            styles=["paper"],
            made_at=datetime(2026, 1, 5, tzinfo=UTC),
            identifier="x",
            code_place=CodePlace(9, 12, 3.5),
        )


def test_a_picture_inside_a_picture_is_not_fetched_either(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    monkeypatch.setattr(OpenerDirector, "open", lambda _self, request, **_options: opened.append(request))
    write_pdf(
        "<html lang=zh><svg><image href='file:///etc/hostname' width=9 height=9 /></svg>",
        styles=["paper"],
        made_at=datetime(2026, 1, 5, tzinfo=UTC),
        identifier="x",
        code_place=CodePlace(9, 12, 3.5),
    )
    assert opened == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/hostname",
        "portal:fonts/../pdf.py",
        "portal:fonts/OFL.txt",
        "http://example.com/portal-song-regular.ttf",
        "portal-song-regular.ttf",
    ],
)
def test_the_style_sheet_gets_our_letters_and_nothing_else(url: str) -> None:
    with pytest.raises(FatalURLFetchingError):
        OwnFonts().fetch(url)
    assert OwnFonts().fetch("portal:fonts/portal-hei-bold.ttf").read()[:4] == b"\0\1\0\0"


def test_the_fetcher_refuses_by_itself() -> None:
    with pytest.raises(FatalURLFetchingError):
        HTML(url="file:///etc/hostname", url_fetcher=Nothing())


@pytest.mark.parametrize("template", [CHINESE, BILINGUAL, SMALL])
def test_the_preview_has_the_words_of_the_paper_and_no_styles_of_its_own(template: str) -> None:
    html = render_agreement_html(example_payload(), template_text(template), number=NUMBER)
    seen = Seen(html)
    assert html.startswith('<article class="sheet">') and html.endswith("</article>")
    assert not {"style", "script", "link", "img"} & set(seen.tags)
    assert not {"style", "onclick"} & {name for name, _ in seen.attributes}
    assert "mark" not in seen.tags
    on_paper = squeeze(text_of(print_example(template)))
    for paragraph in re.findall(r'<p class="clause[^"]*">(.*?)</p>', html):
        assert squeeze(Seen(paragraph).text)[:12] in on_paper


def test_the_preview_marks_what_is_missing_with_its_field() -> None:
    payload = example_payload()
    payload["values"]["rebate_rate"] = None
    html = render_agreement_html(payload, template_text())
    assert '<mark class="hole" data-field="rebate_rate">返利率</mark>' in html
    assert '<mark class="hole" data-field="agreement_number">协议编号</mark>' in html


def test_the_web_server_does_not_load_the_printing_machine() -> None:
    script = (
        "import sys; import portal.printing.agreement; "
        "print([name for name in ('weasyprint', 'fontTools', 'pydyf') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "[]"
