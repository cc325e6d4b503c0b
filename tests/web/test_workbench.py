"""The workbench: what has to be set up first, the columns that are needed, the figures beside it."""

import re
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from portal.db import today
from portal.domain.access.roles import Role
from portal.domain.administration import todos as administration
from portal.domain.administration import users
from portal.domain.distributors.models import Distributor
from portal.domain.price_protection import products, texts, todos_setup
from portal.domain.price_protection.models import Status
from portal.domain.price_protection.overview import overview
from portal.domain.price_protection.phases import Phase
from portal.domain.regions import services as regions
from portal.domain.settings import services as settings
from portal.domain.templates import services as templates
from portal.web.plots import bars
from tests.domain.agreement_world import COMPANY, AgreementWorld


@pytest.fixture
def admin(make):
    return make.user(Role.ADMINISTRATOR)


def setup(session, user):
    session.rollback()
    found = [*administration.todos(session, user), *todos_setup.todos(session, user)]
    assert all(todo.group == "setup" for todo in found)
    return {todo.endpoint: todo for todo in found}


def test_a_fresh_portal_tells_its_administrator_what_to_set_up_and_each_line_goes_when_done(
    session, make, admin
):
    root = make.head_office()
    assert set(setup(session, admin)) == {
        "admin.settings",
        "admin.regions",
        "admin.users",
        "distributors.import_file",
        "products.new",
        "admin.new_user",
    }
    settings.change(session, None, root, dict(COMPANY))
    session.commit()
    assert "admin.settings" not in setup(session, admin)
    regions.edit_region(session, root, name=root.name, signing_place="浙江省杭州市西湖区")
    session.commit()
    assert "admin.regions" not in setup(session, admin)
    boss = make.user(Role.EXECUTIVE)
    assert "admin.users" not in setup(session, admin)
    make.user(Role.COUNSEL)
    assert "admin.new_user" not in setup(session, admin)
    products.create_product(session, boss, products.ProductFacts(code="XH-1", name="示例洗发露", unit="瓶"))
    session.commit()
    assert "products.new" not in setup(session, admin)
    make.distributor(root, boss)
    assert setup(session, admin) == {}


def test_offices_where_nobody_may_approve_are_named_three_at_most(session, make, admin):
    names = ["示例甲区", "示例乙区", "示例丙区", "示例丁区"]
    made = [make.region(name) for name in names]
    assert setup(session, admin)["admin.users"].params["offices"] == "示例甲区、示例乙区、示例丙区 +1"
    # One above an office serves it, and the head office itself counts only while it has accounts of its own.
    manager = make.user(Role.REGIONAL_MANAGER, made[0])
    for office in made[1:]:
        make.user(Role.REGIONAL_MANAGER, office)
    make.region("示例甲一处", made[0])
    assert "admin.users" not in setup(session, admin)
    make.distributor(make.head_office())
    assert setup(session, admin)["admin.users"].params["offices"] == "总部"
    make.user(Role.EXECUTIVE)
    assert "admin.users" not in setup(session, admin)
    users.deactivate(session, admin, manager)
    session.commit()
    assert "admin.users" not in setup(session, admin)


def test_an_administrator_of_one_office_hears_of_that_office_only(session, make):
    north = make.region("示例北区")
    make.region("示例南区")
    found = setup(session, make.user(Role.ADMINISTRATOR, north))
    assert found["admin.users"].params["offices"] == "示例北区"
    assert "products.new" not in found


def test_counsel_is_not_asked_for_once_the_text_is_released(session, make, admin):
    counsel = make.user(Role.COUNSEL)
    edition = templates.edition(session, texts.MAIN_KEY)
    templates.release_template(
        session, counsel, key=edition.key, version=edition.version, sha256=edition.sha256, note="示例意见书"
    )
    users.deactivate(session, admin, counsel)
    session.commit()
    assert "admin.new_user" not in setup(session, admin)


def test_others_are_not_asked_to_set_anything_up(session, make):
    for role in (Role.SALESPERSON, Role.REGIONAL_MANAGER, Role.EXECUTIVE, Role.AUDITOR):
        assert setup(session, make.user(role)) == {}, role


def test_set_up_stands_first_on_the_page_and_every_line_leads_to_a_page(admin, sign_in):
    client = sign_in(admin)
    page = client.get("/").text
    parts = re.findall(r'<tr class="part"><th[^>]*>([^<]+?) *<small', page)
    assert parts == ["Set up first"]
    addresses = re.findall(r'<tr data-href="([^"]+)"', page)
    assert len(addresses) == 6
    for address in addresses:
        assert client.get(address).status_code == 200, address
    assert "先做好设置" in sign_in(admin, language="zh_CN").get("/").text


def test_the_column_of_amounts_is_there_only_with_amounts(admin, sign_in, monkeypatch):
    client = sign_in(admin)
    page = client.get("/").text
    assert "Amount" not in page
    assert 'colspan="4"' in page
    held = administration.todos

    def with_amount(session, user):
        return [type(todo)(**(vars(todo) | {"amount_fen": 123456})) for todo in held(session, user)]

    monkeypatch.setattr("portal.blueprints.workbench.items.SOURCES", (with_amount,))
    page = client.get("/").text
    assert "Amount" in page
    assert "1,234.56" in page
    assert 'colspan="5"' in page


@pytest.fixture
def world(session, make):
    return AgreementWorld(session, make)


def test_agreements_are_counted_by_phase_and_by_the_month_of_their_last_day(world):
    on = today()
    world.draft()
    world.submitted()
    soon = world.signed(effective_on=on - timedelta(days=300), expires_on=on + timedelta(days=20))
    world.signed(effective_on=on - timedelta(days=300), expires_on=on + timedelta(days=20))
    world.signed(effective_on=on - timedelta(days=10), expires_on=on + timedelta(days=500))
    found = overview(world.session, world.manager)
    assert found.phases == [(Phase.DRAFT, 1), (Phase.AWAITING_APPROVAL, 1), (Phase.EFFECTIVE, 3)]
    assert found.total == 5
    assert len(found.ending) == 12
    assert found.ending[0][0] == on.replace(day=1)
    assert dict(found.ending)[soon.ends_on.replace(day=1)] == found.total_ending == 2
    # What is over, and what was ended, ends no more.
    later = overview(world.session, world.manager, soon.ends_on + timedelta(days=1))
    assert later.total_ending == 0
    assert dict(later.phases)[Phase.EXPIRED] == 2
    soon.status = Status.TERMINATED
    world.session.flush()
    assert overview(world.session, world.manager).total_ending == 1
    world.session.rollback()


def test_the_months_run_over_the_turn_of_the_year(world):
    months = [month for month, _count in overview(world.session, world.manager, date(2026, 12, 31)).ending]
    assert (months[0], months[1], months[-1]) == (date(2026, 12, 1), date(2027, 1, 1), date(2027, 11, 1))


def test_the_figures_are_of_the_own_offices_and_take_two_statements(world):
    world.draft()
    elsewhere = world.make.user(Role.REGIONAL_MANAGER, world.make.region())
    assert overview(world.session, elsewhere).total == 0
    said = []
    paths = world.manager.grants  # loaded before what is counted
    assert paths
    engine = world.session.get_bind()
    event.listen(engine, "before_cursor_execute", lambda *told: said.append(told[2]))
    assert overview(world.session, world.manager).total == 1
    assert len([statement for statement in said if statement.startswith("SELECT")]) == 2


def test_the_panel_leads_to_the_lists_and_only_who_reads_agreements_sees_it(world, sign_in):
    on = today()
    world.signed(effective_on=on - timedelta(days=300), expires_on=on + timedelta(days=20))
    page = sign_in(world.manager).get("/").text
    assert 'href="/agreements/?phase=effective"' in page
    assert '<svg viewBox="0 0 360 150"' in page
    assert page.count('<rect class="f1"') == 1
    assert (on + timedelta(days=20)).strftime("%Y-%m") in page
    part = sign_in(world.manager).get("/", headers={"HX-Request": "true"}).text
    assert "viewBox" not in part
    for other in (
        world.make.user(Role.TRAINER, world.region),
        world.make.user(Role.AUDITOR, world.make.region()),
    ):
        assert 'id="agreements"' not in sign_in(other).get("/").text


def test_an_empty_workbench_offers_only_what_the_user_may_open(world, sign_in):
    trainer = sign_in(world.make.user(Role.TRAINER, world.region)).get("/").text
    assert 'href="/distributors/">Go to' in trainer and 'href="/agreements/">Go to' not in trainer
    assert "agreements about to end" not in trainer
    finance = sign_in(world.make.user(Role.FINANCE, world.region)).get("/").text
    assert 'href="/agreements/">Go to' in finance


def test_without_agreements_that_end_there_is_no_chart(world, sign_in):
    world.draft()
    page = sign_in(world.manager).get("/").text
    assert 'href="/agreements/?phase=draft"' in page
    assert 'class="plot"' not in page


@pytest.mark.parametrize(
    ("highest", "rules"),
    [(0, [1]), (1, [1]), (4, [1, 2, 3, 4]), (5, [2, 4, 6]), (37, [10, 20, 30, 40]), (201, [100, 200, 300])],
)
def test_a_chart_has_at_most_four_rules_and_every_bar_stays_below_the_last(highest, rules):
    plot = bars([("1", highest), ("2", 0)])
    assert [value for _y, value in plot.lines] == rules
    assert plot.bars[1].height == 0
    assert all(bar.y >= plot.lines[-1][0] and bar.y + bar.height == plot.base for bar in plot.bars)
    assert plot.bars[-1].x + plot.bars[-1].width <= plot.width


def test_the_register_of_another_office_counts_as_begun(session, make):
    office = make.region()
    make.distributor(office)
    local = make.user(Role.ADMINISTRATOR, make.region())
    assert "distributors.import_file" not in setup(session, local)
    assert session.scalar(sa.select(sa.func.count()).select_from(Distributor)) == 1
