"""Make the README's pictures: the demo in a temporary folder, served on loopback, seen in Chromium.

Run by hand when the pages have changed: .venv/bin/python scripts/screenshots.py
"""

import io
import os
import subprocess
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path

import pikepdf
from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from portal.domain.users.services import DEMO_PASSWORD  # noqa: E402 - run as a script, from anywhere

TARGET = ROOT / "docs" / "screenshots"
PORT = 8399
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PAGES = {
    "workbench": ("sales-hz", "/"),
    "distributors": ("manager-hz", "/distributors/"),
    "agreement": ("manager-hz", "/agreements/2/"),
}


def flask(*words: str) -> list[str]:
    return [sys.executable, "-m", "flask", "--app", "wsgi", *words]


def wait_for_server() -> None:
    for _attempt in range(100):
        try:
            connection = HTTPConnection("127.0.0.1", PORT, timeout=2)
            connection.request("GET", "/healthz")
            connection.getresponse()
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the server does not answer")


def keep(name: str, picture: bytes) -> None:
    """Few colours are enough for a page of ruled lines, and keep the repository small."""
    image = Image.open(io.BytesIO(picture)).convert("RGB").quantize(64)
    image.save(TARGET / f"{name}.png", optimize=True)


def sign_in(page: Page, username: str) -> None:
    page.goto(f"http://127.0.0.1:{PORT}/login")
    page.fill("[name=username]", username)
    page.fill("[name=password]", DEMO_PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"http://127.0.0.1:{PORT}/")


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"PORTAL_INSTANCE": folder, "PORTAL_ASSETS": "local"}
        for words in (("db", "upgrade"), ("demo",)):
            subprocess.run(flask(*words), cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        server = subprocess.Popen(flask("run", "-p", str(PORT)), cwd=ROOT, env=environment)
        try:
            wait_for_server()
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                for name, (username, path) in PAGES.items():
                    page = browser.new_page(locale="zh-CN", viewport={"width": 1366, "height": 820})
                    sign_in(page, username)
                    page.goto(f"http://127.0.0.1:{PORT}{path}")
                    keep(name, page.screenshot())
                    if name == "agreement":
                        paper = page.request.get(f"http://127.0.0.1:{PORT}/agreements/2/contract.pdf").body()
                    page.close()
                browser.close()
        finally:
            server.terminate()
            server.wait()
    first = Path(tempfile.gettempdir()) / "portal-screenshot.pdf"
    with pikepdf.open(io.BytesIO(paper)) as whole, pikepdf.new() as one:
        one.pages.append(whole.pages[0])
        one.save(first)
    done = subprocess.run(
        ["pdftoppm", "-r", "90", "-png", "-singlefile", str(first)], check=True, capture_output=True
    )
    keep("contract", done.stdout)
    first.unlink()


if __name__ == "__main__":
    main()
