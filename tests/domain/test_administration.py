"""Users and regions as administrators keep them."""

import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.roles import Role
from portal.domain.administration import users as administration
from portal.domain.administration.users import AccountsOwned, UserFilter
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.regions import services as regions
from portal.domain.users import services as users
from portal.domain.users.models import User
from portal.extensions import db

HASH = "not a hash that any password matches"


@pytest.fixture
def boss(make):
    return make.user(Role.ADMINISTRATOR, username="boss", name="示例总管")


def new_user(session, actor, region, role=Role.SALESPERSON, **changes):
    given = {"username": "Lin.Xiao", "name": "林晓𠮷", "password_hash": HASH}
    return administration.create_user(session, actor, grants=[(role, region)], **(given | changes))


def test_an_administrator_adds_users_within_the_own_part_of_the_tree_only(session, make, boss):
    north, south = make.region("示例北区"), make.region("示例南区")
    local = make.user(Role.ADMINISTRATOR, north)
    below = make.region("示例北一处", parent=north)
    user = new_user(session, local, below)
    assert (user.username, user.name, user.is_password_temporary) == ("lin.xiao", "林晓𠮷", True)
    for outside in (south, make.head_office()):
        with pytest.raises(DomainError, match="not in your part"):
            new_user(session, local, outside, username="other")
    new_user(session, boss, south, username="other")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": ""}, "username"),
        ({"username": "two words"}, "username"),
        ({"username": "BOSS"}, "username"),
        ({"name": " "}, "name"),
        ({"name": "示例\U0001f9f4"}, "name"),
        ({"name": "名" * 41}, "name"),
    ],
)
def test_names_that_do_not_serve_are_refused_beside_their_field(session, make, boss, changes, field):
    with pytest.raises(DomainError) as refusal:
        new_user(session, boss, make.head_office(), **changes)
    assert refusal.value.field == field


def test_lists_show_users_of_the_own_part_and_users_without_any_role_to_the_head_office(session, make, boss):
    north, south = make.region("示例北区"), make.region("示例南区")
    local = make.user(Role.ADMINISTRATOR, north, username="local")
    make.user(Role.SALESPERSON, north, username="north")
    make.user(Role.SALESPERSON, south, username="south")
    nobody = make.user(Role.TRAINER, south, username="nobody")
    session.delete(nobody.grants[0])
    session.commit()

    def names(actor, **wanted):
        statement = administration.narrowed(administration.users_visible_to(actor), UserFilter(**wanted))
        return set(session.scalars(statement.with_only_columns(User.username)))

    assert names(local) == {"local", "north"}
    assert names(boss) == {"boss", "local", "north", "south", "nobody"}
    assert names(boss, region_id=south.id) == {"south"}
    assert names(boss, role=Role.ADMINISTRATOR) == {"boss", "local"}
    assert names(boss, q="OUT") == {"south"}
    assert names(boss, state="deactivated") == set()


def test_whoever_also_works_elsewhere_is_kept_by_an_administrator_above_both(session, make, boss):
    north, south = make.region("示例北区"), make.region("示例南区")
    local = make.user(Role.ADMINISTRATOR, north)
    user = make.user(Role.REGIONAL_MANAGER, north)
    administration.grant(session, boss, user, Role.EXECUTIVE, south)
    for deed in (
        lambda: administration.reset_password(session, local, user, HASH),
        lambda: administration.deactivate(session, local, user),
        lambda: administration.edit_user(session, local, user, username="x", name="x"),
    ):
        with pytest.raises(DomainError, match="outside your part"):
            deed()
    with pytest.raises(DomainError, match="not in your part"):
        administration.revoke(session, local, user, user.grants[1])
    administration.revoke(session, local, user, user.grants[0])
    assert [held.region_id for held in user.grants] == [south.id]


def test_nobody_raises_deactivates_or_resets_himself(session, make, boss):
    other = make.user(Role.ADMINISTRATOR)
    root = make.head_office()
    for deed in (
        lambda: administration.grant(session, boss, boss, Role.COUNSEL, root),
        lambda: administration.revoke(session, boss, boss, boss.grants[0]),
        lambda: administration.deactivate(session, boss, boss),
        lambda: administration.reset_password(session, boss, boss, HASH),
    ):
        with pytest.raises(DomainError, match="Another administrator"):
            deed()
    administration.grant(session, other, boss, Role.COUNSEL, root)


def test_a_role_is_given_once_per_office_and_leaves_its_trace(session, make, boss):
    office = make.region()
    user = make.user(Role.SALESPERSON, office)
    administration.grant(session, boss, user, Role.FINANCE, office)
    with pytest.raises(DomainError, match="already"):
        administration.grant(session, boss, user, Role.FINANCE, office)
    event = session.scalars(audit.history(user)).first()
    assert (event.action, event.region_id) == ("user.granted", office.id)
    assert event.params == {"role": "finance", "region": office.code, "office": office.name}


def test_the_last_administrator_of_the_whole_stays(session, make, boss):
    local = make.user(Role.ADMINISTRATOR, make.region())
    second = make.user(Role.ADMINISTRATOR, username="second")
    administration.deactivate(session, boss, second)
    session.commit()
    administration.reactivate(session, boss, second)
    administration.revoke(session, second, boss, boss.grants[0])
    session.commit()
    administration.grant(session, second, boss, Role.SALESPERSON, make.head_office())
    with pytest.raises(DomainError, match="last administrator"):
        administration.deactivate(session, _pretending(session, make), second)
    assert local.is_active


def _pretending(session, make):
    """An administrator who was deactivated in this moment, but whose request is still under way."""
    ghost = make.user(Role.ADMINISTRATOR, username="ghost")
    users.deactivate(session, ghost, by=None)
    session.flush()
    return ghost


def test_who_still_answers_for_accounts_cannot_be_deactivated(session, make, boss):
    office = make.region()
    owner = make.user(Role.SALESPERSON, office, name="示例业务员")
    accounts = [make.distributor(office, owner), make.distributor(office, owner)]
    with pytest.raises(AccountsOwned, match="示例业务员 is still responsible for 2"):
        administration.deactivate(session, boss, owner)
    assert owner.is_active
    session.rollback()
    heir = make.user(Role.SALESPERSON, office)
    for account in accounts:
        account.owner_id = heir.id
    session.commit()
    administration.deactivate(session, boss, owner)
    assert not owner.is_active


def test_a_reset_password_is_temporary_until_its_owner_replaces_it(session, make, boss):
    user = make.user(Role.SALESPERSON)
    assert not user.is_password_temporary
    administration.reset_password(session, boss, user, HASH)
    assert user.is_password_temporary
    users.set_password(session, user, HASH, by=user)
    assert not user.is_password_temporary


def test_generated_passwords_pass_the_rules_and_differ():
    made = {users.generate_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        users.check_password(password)


def test_an_office_is_added_renamed_and_audited(session, make, boss):
    root = make.head_office()
    office = regions.add_region(
        session, code="EC", name="华东大区", parent=root, signing_place="浙江省杭州市", by=boss
    )
    regions.edit_region(session, office, name="华东区", signing_place="浙江省杭州市", by=boss)
    regions.edit_region(session, office, name="华东区", signing_place="浙江省杭州市", by=boss)
    events = session.scalars(audit.history(office)).all()
    assert [event.action for event in events] == ["region.edited", "region.created"]
    assert events[0].params == {"changes": {"name": ["华东大区", "华东区"]}}
    assert regions.signing_place(session, regions.add_region(session, code="HZ", name="杭州", parent=office))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "ec"}, "code"),
        ({"name": "华东大区"}, "name"),
        ({"name": ""}, "name"),
        ({"code": ""}, "code"),
        ({"signing_place": "某地\U0001f9f4"}, "signing_place"),
        ({"name": "名" * 61}, "name"),
    ],
)
def test_an_office_that_does_not_fit_is_refused_beside_its_field(session, make, changes, field):
    root = make.head_office()
    regions.add_region(session, code="EC", name="华东大区", parent=root)
    given = {"code": "SC", "name": "华南大区", "signing_place": ""} | changes
    with pytest.raises(DomainError) as refusal:
        regions.add_region(session, parent=root, **given)
    assert refusal.value.field == field
    assert session.scalar(sa.text("SELECT count(*) FROM region")) == 2


def test_of_two_administrators_who_remove_each_other_at_once_one_stays(app, session, make, boss):
    second = make.user(Role.ADMINISTRATOR, username="second")
    outcomes: list[str] = []

    def remove(actor_id: int, user_id: int, start: threading.Barrier) -> None:
        with app.app_context(), Session(db.engine) as own:
            actor = own.get_one(User, actor_id)
            own.rollback()  # the request has read who asks; the deed begins a transaction of its own
            start.wait(20)
            try:
                administration.deactivate(own, actor, own.get_one(User, user_id))
                own.commit()
                outcomes.append("removed")
            except DomainError as error:
                outcomes.append(error.msgid)

    start = threading.Barrier(2)
    pairs = [(boss.id, second.id), (second.id, boss.id)]
    session.rollback()
    threads = [threading.Thread(target=remove, args=(*pair, start)) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["%(name)s is the last administrator of the whole company.", "removed"]
    assert len(list(session.scalars(sa.select(User).where(User.deactivated_at.is_(None))))) == 1
