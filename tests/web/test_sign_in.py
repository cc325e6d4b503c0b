"""Signing in, out, and what ends a sign-in."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from portal.domain.access.roles import Role
from portal.domain.users import services as users
from tests.factories import PASSWORD


def test_a_user_signs_in_and_is_sent_to_where_they_wanted_to_go(client, make):
    user = make.user(Role.SALESPERSON)
    asked = client.get("/account")
    assert asked.status_code == 303
    assert asked.location == "/login?next=/account"
    entered = client.post(asked.location, data={"username": user.username.upper(), "password": PASSWORD})
    assert (entered.status_code, entered.location) == (303, "/account")
    assert client.get("/account").status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example/",
        "https://evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "\t//evil.example",
        "/a\nb",
    ],
)
def test_next_never_leads_out_of_the_site(client, make, target):
    user = make.user(Role.SALESPERSON)
    entered = client.post(
        "/login", query_string={"next": target}, data={"username": user.username, "password": PASSWORD}
    )
    assert (entered.status_code, entered.location) == (303, "/")


def test_unknown_name_and_wrong_password_get_the_same_answer(client, make):
    make.user(Role.SALESPERSON, username="known")
    wrong = client.post("/login", data={"username": "known", "password": "x" * 14})
    unknown = client.post("/login", data={"username": "nobody", "password": "x" * 14})
    assert wrong.status_code == unknown.status_code == 422

    def words(response, name):
        # What differs at every answer: the policy's nonce and the form's token.
        return re.sub(r'(nonce|value)="[^"]*"', "", response.get_data(as_text=True)).replace(name, "")

    assert words(wrong, "known") == words(unknown, "nobody")


def test_after_eight_attempts_the_account_waits_even_with_the_right_password(client, make):
    user = make.user(Role.SALESPERSON)
    for _attempt in range(users.ATTEMPTS_PER_ACCOUNT):
        client.post("/login", data={"username": user.username, "password": "x" * 14})
    refused = client.post("/login", data={"username": user.username, "password": PASSWORD})
    assert refused.status_code == 422
    assert client.get("/account").status_code == 303
    with time_machine.travel(datetime.now(UTC) + users.WINDOW + timedelta(seconds=5)):
        assert (
            client.post("/login", data={"username": user.username, "password": PASSWORD}).status_code == 303
        )


def test_an_unknown_account_is_throttled_just_the_same(client):
    answers = [
        client.post(
            "/login", data={"username": "nobody", "password": "x" * 14}, headers={"Accept-Language": "en"}
        )
        for _attempt in range(users.ATTEMPTS_PER_ACCOUNT + 1)
    ]
    assert b"Too many attempts" in answers[-1].data
    assert b"Too many attempts" not in answers[-2].data


def test_a_password_is_hashed_as_slowly_as_is_advised(strong_hasher, monkeypatch):
    monkeypatch.setattr(users, "_hasher", strong_hasher)
    monkeypatch.setattr(users, "_dummy_hash", users._dummy_hash.__wrapped__)
    # RFC 9106, 7.4, for where memory is scarce: argon2id, 64 MiB, three passes, four lanes.
    for hashed in (users.hash_password(PASSWORD), users._dummy_hash()):
        assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert users.password_matches(users.hash_password(PASSWORD), PASSWORD)


def test_the_last_minute_of_waiting_is_one_minute(app, client):
    for language, said in (("en", "Try again in 1 minute."), ("zh-CN", "1 分钟")):
        for _attempt in range(users.ATTEMPTS_PER_ACCOUNT):
            client.post("/login", data={"username": language, "password": "x" * 14})
        with time_machine.travel(datetime.now(UTC) + users.WINDOW - timedelta(seconds=30)):
            refused = client.post(
                "/login", data={"username": language, "password": "x"}, headers={"Accept-Language": language}
            )
        assert refused.status_code == 422
        assert said in refused.text


def test_the_token_is_new_at_every_sign_in_and_signing_out_ends_copies_of_the_cookie(app, make, sign_in):
    user = make.user(Role.SALESPERSON)
    first, second = sign_in(user), sign_in(user)
    with first.session_transaction() as cookie:
        copied = dict(cookie)
    with second.session_transaction() as cookie:
        assert cookie["_user_id"] != copied["_user_id"]
    thief = app.test_client()
    with thief.session_transaction() as cookie:
        cookie.update(copied)
    assert thief.get("/account").status_code == 200
    first.post("/logout")
    assert thief.get("/account").status_code == 303
    assert second.get("/account").status_code == 200


def test_deactivation_and_a_new_password_end_every_sign_in(session, make, sign_in):
    user, boss = make.user(Role.SALESPERSON), make.user(Role.ADMINISTRATOR)
    browser = sign_in(user)
    users.set_password(session, user, user.password_hash, by=boss)
    session.commit()
    assert browser.get("/account").status_code == 303
    browser = sign_in(user)
    users.deactivate(session, user, by=boss)
    session.commit()
    assert browser.get("/account").status_code == 303
    refused = browser.post("/login", data={"username": user.username, "password": PASSWORD})
    assert refused.status_code == 422


def test_changing_the_own_password_keeps_this_browser_and_ends_the_others(make, sign_in):
    user = make.user(Role.SALESPERSON)
    here, there = sign_in(user), sign_in(user)
    new = "four unusual words here"
    changed = here.post("/account", data={"current": PASSWORD, "password": new, "again": new})
    assert changed.status_code == 303
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 303


@pytest.mark.parametrize(
    "password",
    ["short", "password1234", "aaaaaaaaaaaaaaaa", "PASSWORD!!!!", "12345678901a"[:11], "zhangsan2024"],
)
def test_guessable_passwords_are_refused(password):
    with pytest.raises(users.DomainError):
        users.check_password(password, username="zhangsan", name="张三")


@pytest.mark.parametrize("password", ["correct horse battery", "马到成功一路平安大吉大利", "xK9-unlikely-2a"])
def test_long_passwords_of_any_composition_are_taken(password):
    assert users.check_password(password, username="zhangsan", name="张三") is None
