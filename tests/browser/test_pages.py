"""Every page in both languages and two widths: nothing that axe objects to, nothing wider than the screen."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import DESK, PHONE
from tests.browser.pages import PAGES, PageLine

SIZES = {"desk": DESK, "phone": PHONE}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("line", PAGES, ids=str)
def test_a_page_is_in_order(visit, site, line: PageLine, lang: str, size: str):
    person = visit(line.user, lang=lang, size=SIZES[size])
    answer = person.page.goto(person.url + line.path.format(**vars(site.world)))
    assert answer is not None
    assert answer.status == line.status
    person.settle()
    assert person.page.locator("html").get_attribute("lang") == {"zh": "zh-CN", "en": "en"}[lang]
    found = Axe().run(person.page)
    assert len(found.response["passes"]) > 10, "axe did not look"
    assert not found.response["violations"], found.generate_report()
    width, wide = person.page.evaluate("[innerWidth, document.documentElement.scrollWidth]")
    assert wide <= width, f"{wide} px wide on a screen of {width}"
    expected = [f"the server responded with a status of {line.status}"] if line.status >= 400 else []
    assert [t for t in person.troubles if not any(e in t for e in expected)] == []
