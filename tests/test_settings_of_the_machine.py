"""A setting that nothing can start with is said in words, in both languages, before anything is touched."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal import config

ROOT = Path(__file__).resolve().parent.parent
WRONG = [
    ("PORTAL_PROXIES", "one"),
    ("PORTAL_PROXIES", "-1"),
    ("PORTAL_PROXIES", "１"),
    ("PORTAL_DATABASE_URL", "rubbish"),
    ("PORTAL_DATABASE_URL", "mysql://portal:geheim@db.example.com/portal"),
    ("PORTAL_DATABASE_URL", "postgresql://portal:geheim@db.example.com:port/portal"),
    ("PORTAL_QUEUE_URL", "amqp://portal:geheim@queue.example.com"),
    ("PORTAL_QUEUE_URL", "redis"),
]


@pytest.fixture(autouse=True)
def _environment(monkeypatch, tmp_path):
    for name in os.environ.copy():
        if name.startswith("PORTAL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PORTAL_INSTANCE", str(tmp_path / "instance"))


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_setting_is_named_in_both_languages_and_keeps_its_password(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(config.WrongSetting) as refused:
        config.from_environment()
    english, chinese = str(refused.value).splitlines()
    assert english.startswith(name) and chinese.startswith(name) and "geheim" not in str(refused.value)
    assert any(ord(character) > 0x4E00 for character in chinese)


@pytest.mark.parametrize(
    "value", ["", "immediate:", "sqlite:///queue.sqlite3", "postgresql://portal@db.example.com/portal"]
)
def test_every_queue_that_there_is_is_taken(monkeypatch, value):
    monkeypatch.setenv("PORTAL_QUEUE_URL", value)
    assert config.from_environment()["QUEUE_URL"] == value


def test_a_queue_in_redis_says_which_package_it_needs(monkeypatch):
    monkeypatch.setenv("PORTAL_QUEUE_URL", "redis://queue.example.com/0")
    monkeypatch.setattr(config, "find_spec", lambda _name: None)
    with pytest.raises(config.WrongSetting, match="pip install redis"):
        config.from_environment()
    monkeypatch.setattr(config, "find_spec", lambda _name: object())
    assert config.from_environment()["QUEUE_URL"] == "redis://queue.example.com/0"


def test_a_setting_left_empty_is_its_default(monkeypatch):
    for name in ("PORTAL_PROXIES", "PORTAL_DATABASE_URL", "PORTAL_QUEUE_URL", "PORTAL_SECRET_KEY"):
        monkeypatch.setenv(name, "")
    held = config.from_environment()
    assert held["PROXIES"] == 0 and held["SQLALCHEMY_DATABASE_URI"].endswith("portal.sqlite3")
    assert len(held["SECRET_KEY"]) >= 32


def test_a_folder_that_is_made_is_closed_to_others(tmp_path):
    before = os.umask(0o022)
    try:
        config.from_environment()
    finally:
        os.umask(before)
    assert (tmp_path / "instance").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_named(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PORTAL_INSTANCE", str(tmp_path / "file" / "instance"))
    with pytest.raises(config.WrongSetting, match="PORTAL_INSTANCE"):
        config.from_environment()


def test_a_command_shows_no_traceback():
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "doctor"],
        cwd=ROOT,
        env={**os.environ, "PORTAL_PROXIES": "one"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.splitlines() == [
        "PORTAL_PROXIES must be a number: one",
        "PORTAL_PROXIES 必须是数字：one",
    ]
