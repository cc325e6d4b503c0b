"""Whatever is typed into any form is taken, understood or refused beside its field: never a traceback."""

import re
from collections.abc import Callable
from html import unescape
from io import BytesIO

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from portal.domain.access.roles import Role
from portal.domain.distributors.models import Distributor
from portal.domain.price_protection.models import Product, ProductPrice
from portal.domain.users.models import User
from tests.domain.agreement_world import AgreementWorld
from tests.factories import Factory
from tests.faults.test_database_faults import count
from tests.web.access_rows import rows_of_region
from tests.web.test_access import TABLE, address
from tests.web.test_agreements_flow import filled
from tests.web.test_distributors_record import opened

SignIn = Callable[..., FlaskClient]
TYPED = (
    "a\x00b",
    "字" * 3_000,
    "9" * 400,
    "9" * 19,
    "\u202e\u200b🙂𠮷\U000f0000",
    "-1e400",
    "{{ 7 * 7 }}%s%(x)s{0}",
)
# They end the sign-in, or work as slowly as a password is hashed.
APART = {
    "auth.logout",
    "auth.login",
    "auth.account",
    "auth.language",
    "admin.new_user",
    "admin.reset_password",
}


def fields_of(html: str) -> dict[str, str]:
    """Every name on the page that a form could send, with what it would send untouched."""
    found = {}
    for tag in re.findall(r"<(?:input|select|textarea|button) [^>]*>", html):
        said = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if "name" in said and said["name"] not in ("csrf_token", "next", "q"):
            found[said["name"]] = unescape(said.get("value", ""))
    return found


def test_no_entry_breaks_any_form(
    app: Flask, session: Session, make: Factory, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.printing.pool.render", lambda job: (b"%PDF-1.7 x", 1))
    boss = make.user(Role.ADMINISTRATOR, make.head_office())
    rows, broken = rows_of_region(session, make, make.region(), boss), []
    browsers = [sign_in(boss), sign_in(make.user(Role.COUNSEL, make.head_office()))]
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint in APART or rule.endpoint not in TABLE:
            continue
        path = address(app, rule.endpoint, rows)
        browser = next((one for one in browsers if one.post(path, data={}).status_code != 403), browsers[0])
        page = browser.get(path if "GET" in (rule.methods or ()) else path.rpartition("/")[0])
        fields = fields_of(page.text) if page.status_code == 200 else {}
        fields = fields or {"reason": "", "version": "", "name": "", "code": ""}
        # All of them at once; then only what is empty, with the choices left as they are.
        chosen = {name: value for name, value in fields.items() if value}
        for data in (
            *(dict.fromkeys(fields, typed) for typed in TYPED),
            dict.fromkeys(fields, TYPED[0]) | chosen,
        ):
            answer = browser.post(path, data=data)
            if answer.status_code >= 500:
                broken.append((rule.endpoint, str(data)[:60], answer.status_code))
    assert not broken


AMOUNTS: list[tuple[str, int | None]] = [
    ("28.50", 2850),
    ("２８．５", 2850),
    ("¥1,234.50", 123450),
    ("￥１，２３４．５", 123450),
    ("1.2万", 1_200_000),
    ("28.505", None),
    ("28,50", None),
    ("-1", None),
    ("NaN", None),
    ("Infinity", None),
    ("1e5", None),
    ("0x10", None),
    ("1_000", None),
    ("٣", None),
    ("²", None),
    ("9" * 30, None),
]


@pytest.mark.parametrize("typed", [pair[0] for pair in AMOUNTS])
def test_a_price_is_read_or_refused_and_never_rounded(
    session: Session, make: Factory, sign_in: SignIn, typed: str
) -> None:
    browser = sign_in(make.user(Role.ADMINISTRATOR, make.head_office()))
    form = {"code": "P1", "name": "示例洗发露", "unit": "瓶", "price_suggested_retail": typed}
    answer = browser.post("/products/new", data=form)
    session.rollback()
    fen = dict(AMOUNTS)[typed]
    assert answer.status_code == (422 if fen is None else 303)
    assert list(session.scalars(sa.select(ProductPrice.amount_fen))) == ([] if fen is None else [fen])
    assert fen is not None or f'value="{typed}"' in answer.text


def test_what_nobody_sees_is_taken_out_and_what_is_rare_stays(
    session: Session, make: Factory, sign_in: SignIn, clerk: User
) -> None:
    browser = sign_in(clerk)
    form = opened(browser, "/distributors/new") | {
        "name": "\ufeff湖\u200b州\u202e样板\x00𠮷㐂商贸\u2060有限公司\u0007",
        "uscc": "９１３３０５００ ｍａ００ｅｘ３ｂ４ｐ",
        "phones": "０５７１－００００５１５１",
        "founded_on": "２０１９年５月１８日",
        "credit_limit_fen": "￥３８０万",
    }
    answer = browser.post("/distributors/new", data=form)
    assert answer.status_code == 303, answer.text
    session.rollback()
    row = session.scalars(sa.select(Distributor)).one()
    assert row.name == "湖州样板𠮷㐂商贸有限公司"
    assert (row.uscc, str(row.founded_on), row.credit_limit_fen) == (
        "91330500MA00EX3B4P",
        "2019-05-18",
        380_000_000,
    )
    assert row.phones[0].digits == "057100005151"


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("rebate_rate", "3.00001"),
        ("rebate_rate", "0.03"),
        ("rebate_rate", "101"),
        ("rebate_rate", "-3"),
        ("rebate_rate", "1e1"),
        ("effective_on", "2026/2/30"),
        ("effective_on", "26-2-3"),
        ("expires_on", "46000"),
        ("base_share", "60.5"),
        ("prices-0-amount", "28.505"),
        ("signing_place", "字" * 3_000),
        ("territory_description", "浙江省🙂"),
    ],
)
def test_an_agreement_is_refused_beside_the_field_and_keeps_what_was_typed(
    session: Session, make: Factory, sign_in: SignIn, field: str, typed: str
) -> None:
    world = AgreementWorld(session, make)
    distributor = world.add_distributor()
    session.commit()
    browser = sign_in(world.author)
    answer = browser.post(
        f"/agreements/new?distributor={distributor.id}", data=filled(world, **{field: typed})
    )
    assert answer.status_code == 422
    assert typed[:20] in unescape(answer.text)
    assert 'aria-invalid="true"' in answer.text or field.startswith("prices")


@pytest.mark.parametrize(
    ("name", "typed", "is_taken"),
    [
        ("valid_until", "2026/2/30", False),
        ("valid_from", "２０２６－０１－０１", True),
        ("valid_from", "26/1/1", False),
        ("number", "法核\u202e2026\x00-1", True),
        ("number", "字" * 300, False),
        ("territory", "🙂" * 300, False),
        ("kind", "suggested_retail", False),
    ],
)
def test_an_approval_of_a_price_is_taken_or_refused_beside_its_field(
    session: Session, make: Factory, sign_in: SignIn, name: str, typed: str, is_taken: bool
) -> None:
    product = Product(code="P1", name="示例洗发露", unit="瓶")
    session.add(product)
    session.commit()
    browser = sign_in(make.user(Role.COUNSEL, make.head_office()))
    form = {
        "number": "法核2026-1",
        "kind": "maximum_retail",
        "valid_from": "2026-01-01",
        "valid_until": "2099-12-31",
        "territory": "浙江省",
    }
    answer = browser.post(f"/products/{product.id}/approvals", data=form | {name: typed})
    assert answer.status_code == (303 if is_taken else 422)
    session.rollback()
    assert len(product.approvals) == int(is_taken)
    if is_taken and name == "number":
        assert product.approvals[0].number == "法核2026-1"


def test_a_form_of_a_hundred_thousand_fields_is_refused_in_words(clerk: User, sign_in: SignIn) -> None:
    browser = sign_in(clerk)
    many = "&".join(f"prices-{n}-amount=1" for n in range(300_000))
    answer = browser.post("/distributors/new", data=many, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 413
    assert "<h1" in answer.text


def test_a_file_where_text_is_expected_and_text_where_a_file_is(
    session: Session, distributor: Distributor, clerk: User, sign_in: SignIn
) -> None:
    browser = sign_in(clerk)
    before = count(session, Distributor)
    wrong = browser.post("/distributors/new", data={"name": (BytesIO(b"x"), "x.txt")})
    assert wrong.status_code == 422
    for field in ("file", "scans"):
        answer = browser.post(
            f"/distributors/{distributor.id}/documents/new", data={field: "x.pdf", "title": "x"}
        )
        assert answer.status_code == 422
    assert count(session, Distributor) == before
