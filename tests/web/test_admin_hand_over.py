"""Handing a user's accounts over to another at once (D6)."""

import re

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors.models import Distributor


@pytest.fixture
def world(make):
    north, south = make.region("示例北区"), make.region("示例南区")
    leaving = make.user(Role.SALESPERSON, north, name="示例离职")
    return {
        "north": north,
        "south": south,
        "leaving": leaving,
        "both": make.user(Role.REGIONAL_MANAGER, name="示例总监"),
        "northern": make.user(Role.SALESPERSON, north, name="示例北方"),
        "accounts": [make.distributor(north, leaving) for _ in range(3)]
        + [make.distributor(south, leaving) for _ in range(2)],
        "other": make.distributor(north),
    }


@pytest.fixture
def admin(make, sign_in):
    return sign_in(make.user(Role.ADMINISTRATOR, username="boss", name="示例总管"))


def page_of(client, user):
    return client.get(f"/admin/users/{user.id}/hand-over").text


def post(client, user, successor, *, office=None, seen=None, note=""):
    if seen is None:
        seen = re.search(r'name="seen"[^>]*value="([^"]*)"', page_of(client, user))[1]
    return client.post(
        f"/admin/users/{user.id}/hand-over",
        data={
            "office_id": str(office.id if office else 0),
            "successor_id": str(successor.id if successor else 0),
            "seen": seen,
            "note": note,
        },
    )


def owners(session):
    session.rollback()
    return {row.id: row.owner_id for row in session.execute(sa.select(Distributor.id, Distributor.owner_id))}


def test_the_page_lists_what_goes_and_who_may_take_it(admin, world):
    page = page_of(admin, world["leaving"])
    assert all(account.name in page for account in world["accounts"])
    assert world["other"].name not in page
    assert "示例总监" in page and "示例北方 · 示例北区 (1 of 2 offices)" in page
    assert (
        f'href="/admin/users/{world["leaving"].id}/hand-over"'
        in admin.get(f"/admin/users/{world['leaving'].id}").text
    )


def test_all_accounts_go_in_one_transaction_and_the_user_may_then_leave(session, admin, world):
    leaving, versions = world["leaving"], {a.id: a.version for a in world["accounts"]}
    assert admin.post(f"/admin/users/{leaving.id}/deactivate").status_code == 409
    done = post(admin, leaving, world["both"], note="调往总部")
    assert done.status_code == 303
    now = owners(session)
    assert {now[account.id] for account in world["accounts"]} == {world["both"].id}
    assert now[world["other"].id] == world["other"].owner_id
    for id, version in versions.items():
        assert session.scalar(sa.select(Distributor.version).where(Distributor.id == id)) == version + 1
    events = session.scalars(
        sa.select(AuditEvent).where(AuditEvent.action == "distributor.owner_changed")
    ).all()
    assert {(e.subject_id, e.params["from_id"], e.params["to_id"], e.params["reason"]) for e in events} == {
        (account.id, leaving.id, world["both"].id, "调往总部") for account in world["accounts"]
    }
    assert {e.region_id for e in events} == {world["north"].id, world["south"].id}
    trail = admin.get("/admin/audit").text
    assert "Accounts handed over" in trail and "5 distributors, to 示例总监" in trail
    assert "调往总部" in admin.get(f"/distributors/{world['accounts'][0].id}").text
    assert admin.post(f"/admin/users/{leaving.id}/deactivate").status_code == 303
    session.rollback()
    session.refresh(leaving)
    assert not leaving.is_active


def test_one_office_goes_to_one_who_keeps_only_that(session, admin, world):
    assert post(admin, world["leaving"], world["northern"], office=world["north"]).status_code == 303
    now = owners(session)
    assert [now[account.id] == world["northern"].id for account in world["accounts"]] == [True] * 3 + [
        False
    ] * 2


def test_who_does_not_keep_every_office_is_refused_and_nothing_moves(session, admin, world):
    before = owners(session)
    refused = post(admin, world["leaving"], world["northern"])
    assert refused.status_code == 422 and "cannot edit the records of 示例南区" in refused.text
    assert owners(session) == before


@pytest.mark.parametrize("seen", ["", "0:4", "nonsense", "0:x", "0:5:1"])
def test_accounts_that_changed_meanwhile_are_shown_again(session, admin, world, seen):
    before = owners(session)
    refused = post(admin, world["leaving"], world["both"], seen=seen)
    assert refused.status_code == 422 and "have just changed" in refused.text
    assert owners(session) == before


def test_nobody_chosen_or_the_same_user_is_refused(session, admin, world):
    before = owners(session)
    for successor in (None, world["leaving"]):
        assert post(admin, world["leaving"], successor).status_code == 422
    assert owners(session) == before


def test_an_administrator_of_an_office_hands_over_that_offices_accounts_only(session, make, sign_in, world):
    local = sign_in(make.user(Role.ADMINISTRATOR, world["north"]))
    page = page_of(local, world["leaving"])
    assert "2 more distributors belong to offices" in page
    assert world["accounts"][4].name not in page
    assert post(local, world["leaving"], world["northern"]).status_code == 303
    now = owners(session)
    assert [now[a.id] == world["leaving"].id for a in world["accounts"]] == [False] * 3 + [True] * 2


def test_a_user_without_accounts_has_nothing_to_hand_over(admin, world):
    assert "Nothing to hand over" in page_of(admin, world["northern"])
    refused = post(admin, world["northern"], world["both"], seen="0:0")
    assert refused.status_code == 422
