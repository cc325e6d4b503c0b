"""The door of a meeting in a browser: scanned and typed, quickly, without a network for a while, without scripts."""

import json
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from portal.db import now
from portal.domain.meetings import tokens
from portal.domain.meetings.models import Attendance, Guest, What
from portal.extensions import db
from portal.web.meeting_keys import badge_code
from tests.browser.conftest import PHONE, Site, Visit


def badge(site: Site, guest: Guest) -> str:
    """The code on a guest's badge."""
    with site.app.app_context():
        return badge_code(site.world.meeting, guest.id)


@pytest.fixture
def scan(site: Site) -> Callable[[Page, Guest], None]:
    """Scan a guest's badge, as a scanner types it."""

    def type_code(page: Page, guest: Guest) -> None:
        page.keyboard.type(badge(site, guest))
        page.keyboard.press("Enter")

    return type_code


def open_device(site: Site, visit: Callable[..., Visit], name: str, **browser) -> Page:
    """A device that somebody opens with the link that the manager made."""
    page = visit("manager").open(f"/meetings/{site.world.meeting.id}/kiosks")
    page.fill("[name=name]", name)
    page.get_by_role("button", name="生成打开链接").click()
    expect(page.locator(".opening svg")).to_be_visible()
    address = page.locator(".opening input").input_value()
    tablet = visit("", **browser)
    tablet.open(re.sub(r"^https?://[^/]+", "", address))
    tablet.page.get_by_role("button", name="在这里打开").click()
    tablet.page.wait_for_url("**/check-in")
    return tablet.page


def arrivals(site: Site, guest: Guest) -> int:
    with site.app.app_context(), Session(db.engine) as session:
        return session.scalar(
            sa.select(sa.func.count()).where(Attendance.guest_id == guest.id, Attendance.what == What.ARRIVED)
        )


def test_two_scans_at_once_a_duplicate_a_name_and_a_walk_in(site, visit, scan):
    page = open_device(site, visit, "东门")
    man, qun, ouyang = site.world.guests[1:4]
    box, count = page.locator("#said"), page.locator("#count")
    inside, expected = map(int, re.findall(r"\d+", count.inner_text()))
    expect(box).to_be_focused()
    held = []

    def hold_the_first(route):
        if route.request.method == "POST" and not held:
            held.append(route)
        else:
            route.fallback()

    page.route("**/check-in/sightings", hold_the_first)
    scan(page, man)
    expect(box).to_have_value("")
    scan(page, qun)
    expect(page.locator("#unsent")).to_have_text("2 条待发送")
    held[0].continue_()
    expect(page.locator(".who")).to_have_text("周立群")
    expect(page.locator(".say")).to_have_text("签到成功")
    expect(count).to_have_text(f"已签到 {inside + 2} / 应到 {expected}")
    expect(box).to_be_focused()
    assert (arrivals(site, man), arrivals(site, qun)) == (1, 1)

    scan(page, man)
    expect(page.locator(".twice .say")).to_have_text(re.compile(r"\d\d:\d\d 已签过到"))
    assert arrivals(site, man) == 1

    page.keyboard.type("oysl")
    page.keyboard.press("Enter")
    page.locator(".hits").get_by_role("button", name="欧阳示例").click()
    expect(page.locator(".who")).to_have_text("欧阳示例")
    expect(page.locator(".place")).to_contain_text("桌号8")
    expect(box).to_be_focused()
    assert arrivals(site, ouyang) == 1

    page.get_by_role("link", name="临时到会").click()
    page.get_by_label("姓名", exact=True).fill("示例来客")
    page.get_by_label("单位").fill("示例路过商贸")
    page.get_by_role("button", name="签到", exact=True).click()
    expect(page.locator(".who")).to_have_text("示例来客")
    expect(count).to_have_text(f"已签到 {inside + 4} / 应到 {expected + 1}")


def test_what_is_scanned_while_the_server_is_silent_is_sent_when_it_answers_and_once(site, visit, scan):
    page = open_device(site, visit, "北门")
    wang = site.world.guests[4]
    tries = []

    def fail(route):
        """The first time nothing arrives; the second time it arrives and its answer is lost."""
        if route.request.method != "POST":
            route.fallback()
            return
        tries.append(route.request.post_data)
        if len(tries) == 1:
            route.abort()
        elif len(tries) == 2:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/check-in/sightings", fail)
    expect(page.locator("#prepared")).to_contain_text("可断网使用")
    scan(page, wang)
    # The device answers by itself, and says so.
    expect(page.locator(".who")).to_have_text("王示例")
    expect(page.locator(".say")).to_have_text("签到成功")
    expect(page.locator(".result")).to_contain_text("已存在本机")
    expect(page.locator("#unsent")).to_have_text("已全部发送")
    expect(page.locator("#notices .said")).to_have_count(0)
    entries = [json.loads(one)["entries"] for one in tries]
    assert len(tries) == 3 and entries[0] == entries[1] == entries[2] and arrivals(site, wang) == 1


def test_a_forged_code_is_refused_in_red_and_words(site, visit):
    page = open_device(site, visit, "南门", size=PHONE)
    with site.app.app_context():
        said = tokens.token(b"another key", site.world.meeting.id, site.world.guests[5].id, now())
    page.keyboard.type(said)
    page.keyboard.press("Enter")
    expect(page.locator(".no .say")).to_have_text("二维码无效")
    expect(page.locator(".no h1")).to_contain_text("请再扫一次")
    assert arrivals(site, site.world.guests[5]) == 0


def test_the_door_works_without_scripts(site, visit, scan):
    page = open_device(site, visit, "西门", scripts=False)
    guest, other = site.world.guests[5:7]
    scan(page, guest)
    expect(page.locator(".who")).to_have_text("张示例")
    page.fill("#said", "1006")
    page.keyboard.press("Enter")
    page.locator(".hits").get_by_role("button", name="李示例").click()
    expect(page.locator(".who")).to_have_text("李示例")
    page.get_by_role("link", name="最近签到").click()
    row = page.locator("li", has_text="李示例")
    row.locator("summary").click()
    row.get_by_label("撤销原因").fill("扫错了")
    row.get_by_role("button", name="撤销签到").click()
    expect(page.locator(".say")).to_have_text("已撤销签到")
    assert (arrivals(site, guest), arrivals(site, other)) == (1, 1)
    expect(page.locator("#said")).to_be_focused()


def test_a_fault_of_the_portal_holds_up_nobody_behind_it(site, visit, scan):
    page = open_device(site, visit, "后门")
    broken, whole = site.world.guests[7:9]
    tries = []

    def fail(route):
        """The portal fails whenever this one is among what it is sent."""
        if badge(site, broken) in route.request.post_data:
            tries.append(1)
            route.fulfill(status=500, body="")
        else:
            route.continue_()

    page.route("**/check-in/sightings", fail)
    scan(page, broken)
    scan(page, whole)
    expect(page.locator(".who")).to_have_text(whole.name)
    # It stays on the device, and is not forgotten by anybody.
    expect(page.locator("#unsent")).to_have_text("1 条待发送")
    expect(page.locator("#notices")).to_contain_text("有 1 条服务器未能收下")
    assert len(tries) >= 3
    assert (arrivals(site, broken), arrivals(site, whole)) == (0, 1)
