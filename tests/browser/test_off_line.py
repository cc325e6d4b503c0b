"""A device at the door goes where there is no network: prepared before, reloaded there, sending when it is back."""

import io
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import segno
import sqlalchemy as sa
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from sqlalchemy.orm import Session

from portal.domain.meetings import kiosks
from portal.domain.meetings.models import Attendance, Guest, Kiosk, What
from portal.extensions import db
from tests.browser import test_check_in
from tests.browser.conftest import ARGUMENTS, PHONE, Site, Visit
from tests.browser.test_check_in import badge, open_device

scan = test_check_in.scan

LIST = "() => Queue.notes.names().then((names) => names.filter((name) => name.startsWith('known ')).length)"
CACHES = "() => caches.keys().then((names) => names.length)"
KEPT = """async () => (await Promise.all((await caches.keys()).map(async (name) =>
    (await (await caches.open(name)).keys()).map((one) => new URL(one.url).pathname)))).flat()"""
WORKERS = "() => navigator.serviceWorker.getRegistrations().then((found) => found.length)"


@pytest.fixture
def guests_of_its_own(site: Site) -> Iterator[list[Guest]]:
    """Whom no other test has checked in."""
    with site.app.app_context(), Session(db.engine, expire_on_commit=False) as session:
        made = [
            Guest(
                meeting_id=site.world.meeting.id,
                name=f"示例断网{no}",
                sound=f"shiliduanwang{no}",
                initials=f"sldw{no}",
                phone_tail=f"77{no:02}",
                company="示例山区商贸",
            )
            for no in range(6)
        ]
        session.add_all(made)
        session.commit()
        yield made
        session.execute(
            sa.update(Guest)
            .where(Guest.id.in_([one.id for one in made]))
            .values(cancelled_at=datetime.now(UTC))
        )
        session.commit()


def seen(site: Site, *guests: Guest) -> list[Attendance]:
    with site.app.app_context(), Session(db.engine, expire_on_commit=False) as session:
        return list(
            session.scalars(
                sa.select(Attendance)
                .where(Attendance.guest_id.in_([one.id for one in guests]))
                .order_by(Attendance.at, Attendance.id)
            )
        )


def test_a_prepared_device_goes_on_without_network_also_after_a_reload_and_sends_once(
    site: Site, visit: Callable[..., Visit], scan, guests_of_its_own
):
    page = open_device(site, visit, "山区")
    first, second, third, fourth, away, _last = guests_of_its_own
    expect(page.locator("#prepared")).to_contain_text("可断网使用")
    scan(page, first)
    expect(page.locator(".say")).to_have_text("签到成功")
    page.context.set_offline(True)
    begun = datetime.now(UTC)
    scan(page, second)
    expect(page.locator(".who")).to_have_text(second.name)
    expect(page.locator(".say")).to_have_text("签到成功")
    expect(page.locator(".result")).to_contain_text("已存在本机")
    expect(page.locator("#unsent")).to_have_text("1 条待发送")
    expect(page.locator("#notices")).to_contain_text("没有网络")
    # Who came while there was a network is known, and so is who came since.
    for guest in (first, second):
        scan(page, guest)
        expect(page.locator(".twice .who")).to_have_text(guest.name)

    page.reload()
    expect(page.locator("#unsent")).to_have_text("3 条待发送")
    scan(page, second)
    expect(page.locator(".twice .who")).to_have_text(second.name)
    for typed in ("sldw2", "7702", "断网2"):
        page.fill("#said", typed)
        page.keyboard.press("Enter")
        expect(page.locator(".hits b")).to_have_text([third.name])
    page.locator(".hits").get_by_role("button", name=third.name).click()
    expect(page.locator(".who")).to_have_text(third.name)
    page.get_by_role("link", name="临时到会").click()
    page.get_by_label("姓名", exact=True).fill("示例山里来客")
    page.get_by_role("button", name="签到", exact=True).click()
    expect(page.locator(".who")).to_have_text("示例山里来客")
    page.fill("#said", "sldw4")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="他人代会").click()
    expect(page.locator(".ask h1")).to_have_text(f"代{away.name}参会")
    page.get_by_label("姓名", exact=True).fill("示例山里代表")
    page.get_by_role("button", name="签到", exact=True).click()
    expect(page.locator(".who")).to_have_text("示例山里代表")
    page.get_by_role("link", name="最近签到").click()
    row = page.locator(".hits li", has_text=second.name)
    row.get_by_role("button", name="提前离会").click()
    expect(page.locator(".say")).to_have_text("已记提前离会")
    expect(page.locator("#unsent")).to_have_text("8 条待发送")
    assert seen(site, second, third) == []
    ended = datetime.now(UTC)

    page.wait_for_timeout(2500)
    page.context.set_offline(False)
    expect(page.locator("#unsent")).to_have_text("已全部发送", timeout=20_000)
    expect(page.locator("#notices .said")).to_have_count(0)
    arrived = [row for row in seen(site, second, third) if row.what is What.ARRIVED]
    assert len(arrived) == 2
    second_ = timedelta(seconds=1)
    for row in arrived:
        assert begun - second_ <= row.at <= ended + second_ < row.received_at, row
    assert [row.what for row in seen(site, second)] == [What.ARRIVED, What.LEFT]
    with site.app.app_context(), Session(db.engine) as session:
        names = set(session.scalars(sa.select(Guest.name).join(Attendance, Attendance.guest_id == Guest.id)))
    assert {"示例山里来客", "示例山里代表"} <= names
    # Whatever is sent once more is there already.
    count = len(seen(site, first, second, third, fourth))
    page.reload()
    scan(page, fourth)
    expect(page.locator(".who")).to_have_text(fourth.name)
    assert len(seen(site, first, second, third, fourth)) == count + 1


def test_nothing_but_this_page_is_kept_and_it_is_gone_when_the_device_ends(
    site: Site, visit: Callable[..., Visit], scan, guests_of_its_own
):
    page = open_device(site, visit, "临时")
    guest = guests_of_its_own[5]
    expect(page.locator("#prepared")).to_contain_text("可断网使用")
    page.goto(page.url + "/last")
    kept = page.evaluate(KEPT)
    assert sorted(path for path in kept if not path.startswith(("/static/", "/styles.css"))) == [
        f"/meetings/{site.world.meeting.id}/check-in"
    ]
    page.go_back()
    page.context.set_offline(True)
    scan(page, guest)
    expect(page.locator(".who")).to_have_text(guest.name)
    with site.app.app_context(), Session(db.engine) as session:
        made = session.scalar(sa.select(Kiosk).where(Kiosk.name == "临时"))
        page.wait_for_timeout(50)
        kiosks.end(session, made.meeting.host, made)
        session.commit()
    assert page.evaluate(LIST) == 1
    page.context.set_offline(False)
    # It ends of itself; what it saw before comes in all the same.
    expect(page.get_by_role("heading", name="这台设备已结束签到")).to_be_visible(timeout=30_000)
    expect(page.locator("#unsent")).to_have_text("已全部发送")
    assert len(seen(site, guest)) == 1
    for what in (LIST, CACHES, WORKERS):
        page.wait_for_function(f"() => ({what})().then((count) => count === 0)")


LATER = "(() => { const now = Date.now; Date.now = () => now() + 14 * 3600000; })()"


def test_the_list_is_gone_when_the_meeting_is_over_though_nobody_could_tell_the_device(
    site: Site, visit: Callable[..., Visit]
):
    page = open_device(site, visit, "过夜")
    expect(page.locator("#prepared")).to_contain_text("可断网使用")
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("#prepared")).to_contain_text("可断网使用")
    page.add_init_script(LATER)
    page.reload()
    expect(page.locator("#unsent")).to_have_text("已全部发送")
    for what in (LIST, CACHES, WORKERS):
        page.wait_for_function(f"() => ({what})().then((count) => count === 0)")
    expect(page.locator("#prepared")).to_have_text("")


def test_a_device_whose_clock_is_wrong_all_along_keeps_its_list_to_the_end(
    site: Site, visit: Callable[..., Visit]
):
    page = open_device(site, visit, "错钟")
    # The clock jumps: the device forgets what it has, and finds out from the portal that nothing is over.
    expect(page.locator("#prepared")).to_contain_text("可断网使用")
    page.add_init_script(LATER)
    page.reload()
    expect(page.locator("#prepared")).to_contain_text("可断网使用")
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("#prepared")).to_contain_text("可断网使用")
    assert page.evaluate(LIST) == 1


FILLED = """async () => {
  const database = await new Promise((done) => { const asked = indexedDB.open("portal", 1); asked.onsuccess = () => done(asked.result); });
  const writing = database.transaction("entries", "readwrite"), store = writing.objectStore("entries");
  for (let no = 0; no < Queue.MOST; no++) store.add({ queue: location.pathname, nonce: "filled-" + no, at: Queue.time(), kind: "guest", values: {} });
  await new Promise((done) => { writing.oncomplete = done; });
}"""  # noqa: E501


def test_a_device_that_is_full_says_so_and_takes_nothing_for_taken(
    site: Site, visit: Callable[..., Visit], scan, guests_of_its_own
):
    page = open_device(site, visit, "满了")
    expect(page.locator("#prepared")).to_contain_text("可断网使用")
    page.context.set_offline(True)
    page.evaluate(FILLED)
    page.reload()
    expect(page.locator("#unsent")).to_have_text("5000 条待发送")
    scan(page, guests_of_its_own[0])
    expect(page.locator(".no .say")).to_have_text("本机存储已满")
    expect(page.locator("#unsent")).to_have_text("5000 条待发送")


def test_a_browser_that_keeps_nothing_says_so_and_sends_all_the_same(
    site: Site, visit: Callable[..., Visit], scan, guests_of_its_own
):
    page = open_device(site, visit, "无痕")
    guest = guests_of_its_own[2]
    page.add_init_script("indexedDB.open = () => { throw new Error('no place'); };")
    page.reload()
    expect(page.locator("#notices")).to_contain_text("请勿关闭或刷新本页")
    page.wait_for_timeout(500)
    page.context.set_offline(True)
    scan(page, guest)
    expect(page.locator(".who")).to_have_text(guest.name)
    expect(page.locator("#unsent")).to_have_text("1 条待发送")
    page.context.set_offline(False)
    expect(page.locator("#unsent")).to_have_text("已全部发送", timeout=20_000)
    assert len(seen(site, guest)) == 1


def test_two_tabs_of_one_device_send_once_and_show_the_same_count(
    site: Site, visit: Callable[..., Visit], scan, guests_of_its_own
):
    page = open_device(site, visit, "两页")
    other = page.context.new_page()
    other.goto(page.url)
    for one in (page, other):
        expect(one.locator("#prepared")).to_contain_text("可断网使用")
    posts: list[str] = []
    for one in (page, other):
        one.on(
            "request",
            lambda request: posts.append(request.post_data or "") if request.method == "POST" else None,
        )
    page.context.set_offline(True)
    for no, guest in enumerate(guests_of_its_own[:4]):
        tab = (page, other)[no % 2]
        tab.bring_to_front()
        scan(tab, guest)
        expect(tab.locator(".who")).to_have_text(guest.name)
    for one in (page, other):
        expect(one.locator("#unsent")).to_have_text("4 条待发送")
    page.context.set_offline(False)
    for one in (page, other):
        expect(one.locator("#unsent")).to_have_text("已全部发送", timeout=20_000)
    assert len(seen(site, *guests_of_its_own[:4])) == 4


@pytest.fixture
def another_browser(browser: Browser) -> Iterator[Callable[..., Page]]:
    """A page in a Chromium that was started otherwise than the one that all tests share."""
    started: list[Browser] = []

    def start(*arguments: str, size: tuple[int, int] = PHONE) -> Page:
        path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        started.append(browser.browser_type.launch(executable_path=path, args=[*ARGUMENTS, *arguments]))
        page = started[-1].new_page(locale="zh-CN", viewport={"width": size[0], "height": size[1]})
        page.set_default_timeout(15_000)
        return page

    yield start
    for one in started:
        one.close()


def open_here(site: Site, page: Page, name: str, *, host: str = "127.0.0.1") -> None:
    """Make this page a device."""
    with site.app.app_context(), Session(db.engine) as session:
        meeting = session.merge(site.world.meeting)
        _made, opening = kiosks.make(session, meeting.host, meeting, name)
        session.commit()
    page.goto(site.url.replace("127.0.0.1", host) + f"/check-in/open/{opening}")
    page.get_by_role("button", name="在这里打开").click()
    page.wait_for_url("**/check-in")


def test_on_plain_http_the_page_says_what_does_not_work_and_goes_on_while_it_stays_open(
    site: Site, another_browser: Callable[..., Page], scan, guests_of_its_own
):
    """By another name this machine is none that Chromium trusts without https."""
    page = another_browser("--host-resolver-rules=MAP portal.test 127.0.0.1")
    open_here(site, page, "明文", host="portal.test")
    assert page.evaluate("isSecureContext") is False
    page.locator("#limits summary").click()
    expect(page.locator("#limits")).to_contain_text("https")
    expect(page.locator("#prepared")).to_have_text("本页打开期间可查名单")
    page.get_by_role("button", name="用摄像头扫码").click()
    expect(page.locator(".no")).to_contain_text("https")
    guest = guests_of_its_own[0]
    page.context.set_offline(True)
    scan(page, guest)
    expect(page.locator(".say")).to_have_text("已记下")
    expect(page.locator(".who")).to_have_text(guest.name)
    expect(page.locator("#unsent")).to_have_text("1 条待发送")
    page.context.set_offline(False)
    expect(page.locator("#unsent")).to_have_text("已全部发送", timeout=20_000)
    assert len(seen(site, guest)) == 1


def film(path: Path, *, said: str) -> Path:
    """What a camera sees that a badge is held before: a film of uncompressed pictures."""
    wide, high = 640, 480
    picture = io.BytesIO()
    segno.make_qr(said, error="m").save(picture, kind="png", scale=6, border=4)
    badge = Image.open(picture).convert("L").rotate(4, fillcolor=200, expand=True)
    scene = Image.new("L", (wide, high), 150)
    scene.paste(badge, ((wide - badge.width) // 2, (high - badge.height) // 2))
    frame = b"FRAME\n" + scene.tobytes() + bytes([128]) * (wide * high // 2)
    path.write_bytes(b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n" + frame * 10)
    return path


def test_the_camera_reads_a_badge_once_while_it_is_held_there_with_our_own_decoder(
    site: Site, another_browser: Callable[..., Page], guests_of_its_own, tmp_path: Path
):
    """Chromium on Linux has no decoder of its own."""
    guest = guests_of_its_own[1]
    page = another_browser(
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film(tmp_path / 'badge.y4m', said=badge(site, guest))}",
    )
    open_here(site, page, "手机")
    assert page.evaluate("'BarcodeDetector' in window") is False
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    assert not any("jsqr" in url for url in fetched)
    page.get_by_role("button", name="用摄像头扫码").click()
    expect(page.locator("#camera video")).to_be_visible()
    expect(page.locator(".who")).to_have_text(guest.name)
    expect(page.locator(".say")).to_have_text("签到成功")
    assert any("jsqr" in url for url in fetched)
    page.wait_for_timeout(1500)
    # Held there any longer it is the same scan, and no second one.
    expect(page.locator(".say")).to_have_text("签到成功")
    assert len(seen(site, guest)) == 1 and sum("/sightings" in url for url in fetched) == 1
    page.get_by_role("button", name="关闭摄像头").click()
    expect(page.locator("#camera")).to_be_hidden()
    assert page.evaluate("document.querySelector('#camera video').srcObject.active") is False


def test_what_is_no_badge_is_refused_before_the_camera_and_not_sent(
    site: Site, another_browser: Callable[..., Page], tmp_path: Path
):
    page = another_browser(
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film(tmp_path / 'poster.y4m', said='https://example.com/poster')}",
    )
    open_here(site, page, "手机二")
    page.get_by_role("button", name="用摄像头扫码").click()
    expect(page.locator(".no .say")).to_have_text("二维码无效")
    expect(page.locator("#unsent")).to_have_text("已全部发送")
