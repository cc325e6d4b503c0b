"""Every page in both languages and two widths: nothing that axe objects to, nothing wider than the screen."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from portal.domain.users.services import DEMO_PASSWORD
from tests.browser.conftest import DESK, PHONE, Site, Visit
from tests.browser.pages import DEMO_PAGES, PAGES, PageLine
from tests.factories import PASSWORD


@pytest.fixture(scope="module")
def stay(make_visit: Callable[..., Visit]) -> Iterator[Callable[..., Visit]]:
    """The person at the browser: signed in once, however many pages are opened."""
    people: dict[tuple[str, str, str], Visit] = {}

    def find(username: str, lang: str, url: str, password: str) -> Visit:
        key = (username, lang, url)
        if key not in people:
            people[key] = make_visit(username, lang=lang, url=url, password=password)
        people[key].troubles.clear()
        return people[key]

    yield find


def look(person: Visit, line: PageLine, lang: str, rows: dict[str, Any]) -> None:
    page = person.page
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    answer = page.goto(person.url + line.path.format(**rows))
    assert answer is not None
    assert answer.status == line.status
    person.settle()
    assert page.locator("html").get_attribute("lang") == {"zh": "zh-CN", "en": "en"}[lang]
    for size in (DESK, PHONE):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        # axe takes its time: it looks at the Chinese page on a desk and at the English one on a telephone.
        if size == {"zh": DESK, "en": PHONE}[lang]:
            found = Axe().run(page)
            assert len(found.response["passes"]) > 10, "axe did not look"
            assert not found.response["violations"], f"{size}\n{found.generate_report()}"
        width, wide = page.evaluate("[innerWidth, document.documentElement.scrollWidth]")
        assert wide <= width, f"{wide} px wide on a screen of {width}"
    expected = f"the server responded with a status of {line.status}" if line.status >= 400 else "\0"
    assert [trouble for trouble in person.troubles if expected not in trouble] == []


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("line", PAGES, ids=str)
def test_a_page_is_in_order(stay: Callable[..., Visit], site: Site, line: PageLine, lang: str):
    look(stay(line.user, lang, site.url, PASSWORD), line, lang, vars(site.world))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("line", DEMO_PAGES, ids=str)
def test_a_page_of_the_demo_is_in_order(stay: Callable[..., Visit], demo: Site, line: PageLine, lang: str):
    look(stay(line.user, lang, demo.url, DEMO_PASSWORD), line, lang, demo.world)
