"""The files of deploy/ and the README's table of settings say what the code does."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import crossplane
import pytest

from portal import config
from portal.blueprints.scans import MOST_BYTES

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted(path.name for path in DEPLOY.iterdir() if path.suffix in (".service", ".timer"))
# Set by the portal itself, for libraries.
README = (ROOT / "README.md").read_text(encoding="utf-8")


def settings_in_code() -> set[str]:
    """Every PORTAL_* that the portal reads, and what scripts/run reads besides."""
    found = set()
    for path in (ROOT / "portal").rglob("*.py"):
        found |= set(
            re.findall(r"environ[^\n]*?[\"'](PORTAL_[A-Z_]+|PORT|WORKERS)[\"']", path.read_text("utf-8"))
        )
    run = (ROOT / "scripts" / "run").read_text("utf-8")
    return found | set(re.findall(r"\$\{(PORT|WORKERS):-", run))


def table_of_settings() -> dict[str, tuple[str, str]]:
    """Name → meaning and default, from the README's table."""
    part = README.split("## Settings", 1)[1].split("\n## ", 1)[0]
    found = {}
    for line in part.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 3 and cells[0].startswith("`"):
            for name in re.findall(r"`([A-Z_]+)`", cells[0]):
                found[name] = (cells[1], cells[2])
    return found


def test_the_table_of_settings_names_every_setting_and_no_other():
    assert set(table_of_settings()) == settings_in_code()
    assert len(settings_in_code()) >= 10
    assert all(meaning and default for meaning, default in table_of_settings().values())


def test_the_table_tells_the_defaults_that_hold(monkeypatch, tmp_path):
    for name in os.environ.copy():
        if name.startswith("PORTAL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PORTAL_INSTANCE", str(tmp_path))
    held, table = config.from_environment(), table_of_settings()
    assert table["PORTAL_ASSETS"][1] == f"`{held['ASSETS']}`"
    assert table["PORTAL_PROXIES"][1] == f"`{held['PROXIES']}`"
    assert table["PORTAL_CDN_URL"][1] == f"`{held['CDN_URL']}`"
    run = (ROOT / "scripts" / "run").read_text("utf-8")
    for name in ("PORT", "WORKERS"):
        assert table[name][1] == f"`{re.search(rf'{name}:-([0-9]+)', run)[1]}`"


def test_the_example_of_settings_names_only_settings_that_there_are():
    lines = (DEPLOY / "portal.env").read_text("utf-8").splitlines()
    names = [line.split("=", 1)[0] for line in lines if line and not line.startswith("#")]
    assert len(names) >= 5 and set(names) <= settings_in_code()


def test_systemd_takes_the_units(tmp_path):
    """With paths that exist here in place of /opt/portal; every complaint is a failure."""
    python = tmp_path / "portal" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    (tmp_path / "portal.env").write_text((DEPLOY / "portal.env").read_text())
    units = []
    for name in UNITS:
        text = (DEPLOY / name).read_text("utf-8")
        text = text.replace("/opt/portal", str(tmp_path / "portal")).replace(
            "/etc/portal/portal.env", str(tmp_path / "portal.env")
        )
        units.append(tmp_path / name)
        units[-1].write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *map(str, units)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    own = [line for line in done.stderr.splitlines() if "portal" in line]
    assert not own, done.stderr


@pytest.mark.parametrize("name", UNITS)
def test_units_have_their_sections_and_run_nothing_as_root(name):
    text = (DEPLOY / name).read_text("utf-8")
    sections = re.findall(r"^\[(\w+)\]$", text, re.M)
    assert sections[0] == "Unit" and len(sections) == len(set(sections))
    if name.endswith(".service"):
        assert "\nUser=portal\n" in text and "\nUMask=0077\n" in text
        assert "EnvironmentFile=/etc/portal/portal.env" in text
    assert all(re.match(r"(\[\w+\]|#.*|\w+=.+|)$", line) for line in text.splitlines())


def test_the_server_is_started_as_scripts_run_starts_it():
    def options(text):
        return set(re.findall(r"--[a-z-]+", re.search(r"-m portal\.server (.*)", text)[1]))

    unit = (DEPLOY / "portal-server.service").read_text("utf-8")
    assert options(unit) == options((ROOT / "scripts" / "run").read_text("utf-8"))


# --- nginx --------------------------------------------------------------------------------------------------------


def parsed(text: str, folder: Path) -> list[dict[str, Any]]:
    """The directives of a site within nginx's `http`, checked for names, places and numbers of arguments."""
    whole = folder / "nginx.conf"
    text = re.sub(r"\bmap [^{]+\{[^}]*\}", "", text)  # its entries would be taken for directives
    whole.write_text(f"events {{}}\nhttp {{\n{text}\n}}\n", encoding="utf-8")
    found = crossplane.parse(str(whole), strict=True)
    if found["errors"]:
        raise ValueError("; ".join(str(error["error"]) for error in found["errors"]))
    [http] = [entry for entry in found["config"][0]["parsed"] if entry["directive"] == "http"]
    return http["block"]


def directives(block: list[dict[str, Any]], name: str) -> list[list[str]]:
    """The arguments of every directive of this name."""
    return [entry["args"] for entry in block if entry["directive"] == name]


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    """The server that speaks TLS: its directives and its locations."""
    top = parsed((DEPLOY / "nginx.conf").read_text("utf-8"), tmp_path_factory.mktemp("nginx"))
    servers = [entry["block"] for entry in top if entry["directive"] == "server"]
    tls = next(server for server in servers if any("ssl" in args for args in directives(server, "listen")))
    return tls, {entry["args"][0]: entry["block"] for entry in tls if entry["directive"] == "location"}


@pytest.mark.parametrize(
    "broken",
    [
        "server { listen 80 }",
        "server { listen 80; ",
        "server { listne 80; }",
        "listen 80;",
        "server { proxy_read_timeout; }",
    ],
)
def test_what_is_broken_is_noticed(broken, tmp_path):
    with pytest.raises(ValueError, match=r"directive|unexpected|arguments|terminated"):
        parsed(broken, tmp_path)


def test_nginx_takes_files_as_large_as_the_portal_does(nginx, monkeypatch, tmp_path):
    monkeypatch.setenv("PORTAL_INSTANCE", str(tmp_path))
    size = directives(nginx[0], "client_max_body_size")[0][0]
    assert int(size.removesuffix("m")) * 1024 * 1024 == config.from_environment()["MAX_CONTENT_LENGTH"]
    scans = next(
        entry["block"]
        for entry in nginx[1]["/"]
        if entry["directive"] == "location" and "^/agreements/scans/" in entry["args"]
    )
    [[size]] = directives(scans, "client_max_body_size")
    assert int(size.removesuffix("m")) * 1024 * 1024 == MOST_BYTES
    assert directives(scans, "proxy_pass") == directives(nginx[1]["/"], "proxy_pass")


def test_a_slow_sender_holds_no_thread_of_the_portal(nginx):
    assert directives(nginx[1]["/"], "proxy_request_buffering") == [["on"]]


def test_nginx_says_who_asks_and_how(nginx):
    said = {words[0]: words[1] for words in directives(nginx[1]["/"], "proxy_set_header")}
    assert said["X-Forwarded-For"] == "$proxy_add_x_forwarded_for"
    assert said["X-Forwarded-Proto"] == "$scheme"
    assert said["X-Forwarded-Host"] == said["Host"] == "$host"
    environment = (DEPLOY / "portal.env").read_text("utf-8")
    assert "PORTAL_PROXIES=1" in environment and "PORTAL_BASE_URL=https://" in environment


def test_nginx_serves_static_files_where_they_are(nginx):
    assert directives(nginx[1]["/static/"], "alias") == [["/opt/portal/portal/static/"]]
    assert (ROOT / "portal" / "static").is_dir()
    assert not directives(nginx[0], "root")  # nothing else of the disk is served
