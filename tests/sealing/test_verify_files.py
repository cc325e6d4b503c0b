"""What is said of a PDF that somebody hands in, and that nothing of it stays."""

import io

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.documents.models import Blob, Document
from portal.domain.price_protection import approval, steps
from portal.sealing import looking, process
from portal.sealing.seen import MOST_BYTES
from tests.domain.agreement_world import AgreementWorld, FakePrint
from tests.sealing.changing import appended, edited, flipped, rewritten, sealed_by
from tests.sealing.conftest import made


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    """Look in this process: a test of its own starts the other one."""
    monkeypatch.setattr(process, "look", looking.look)


@pytest.fixture
def world(session, make):
    return AgreementWorld(session, make)


@pytest.fixture
def paper(world, sealed):
    """An approved paper whose original is the sealed file."""
    return approved(world, FakePrint(sealed.pdf, 6, seal=sealed))


def approved(world, printed):
    agreement = world.submitted()
    seen = approval.shown_sha256(world.session, agreement)
    paper = approval.approve(
        world.session, world.manager, agreement, seen_sha256=seen, render=lambda frozen: printed
    )
    world.session.commit()
    return paper


@pytest.fixture
def check(world, sign_in):
    """Hand a file in; the words of the answer."""
    client = sign_in(world.author)

    def handed_in(data, *, status=200, name="协议.pdf", by=None):
        page = (by or client).post("/verify/", data={"file": (io.BytesIO(data), name)})
        assert page.status_code == status, page.text
        return page.text.split("<main")[1]

    return handed_in


def test_the_original_is_known_byte_for_byte_with_its_seal(check, paper, sealed):
    told = check(sealed.pdf)
    for part in (
        "Our original, unchanged",
        "byte for byte",
        paper.agreement.number,
        "示例日化有限公司",
        "not signed yet",
    ):
        assert part in told
    assert f"/verify/{paper.code}" in told


def test_an_original_without_a_seal_is_known_too(check, world, unsealed):
    approved(world, FakePrint(unsealed, 6))
    told = check(unsealed)
    assert "Our original, unchanged" in told and "none; its bytes are compared" in told


@pytest.mark.parametrize("is_sealed", [True, False])
def test_an_appended_page_is_caught_and_counted(check, world, sealed, unsealed, is_sealed):
    pdf = sealed.pdf if is_sealed else unsealed
    approved(world, FakePrint(pdf, 6, seal=sealed if is_sealed else None))
    told = check(appended(pdf))
    assert "Not our original: changed" in told and "1 page was added behind the original" in told
    assert "Our original, unchanged" not in told


@pytest.mark.parametrize("is_sealed", [True, False])
def test_a_page_added_by_saving_anew_is_caught(check, world, sealed, unsealed, is_sealed):
    pdf = sealed.pdf if is_sealed else unsealed
    # Its data is what the copy is known by: what the paper was printed from.
    paper = approved(world, FakePrint(pdf, 6, seal=sealed if is_sealed else None))
    paper.payload_sha256 = looking.look(pdf).data_sha256
    world.session.commit()
    told = check(rewritten(pdf, adds_page=True))
    assert "Not our original: changed" in told and paper.agreement.number in told
    assert ("does not fit its content" if is_sealed else "it is another file") in told
    assert "It has 1 page more than the original" in told


def test_what_is_changed_in_any_way_is_no_original(check, paper, sealed, unsealed):
    for changed in (
        edited(sealed.pdf),
        sealed.pdf + b"\n",
        sealed.pdf + b" ",
        rewritten(sealed.pdf),
        rewritten(sealed.pdf, drops_form=True),
        flipped(sealed.pdf, len(unsealed) + 400),
        unsealed,
    ):
        told = check(changed)
        assert "Our original, unchanged" not in told and "verdict-ok" not in told


def test_a_seal_of_another_certificate_in_the_same_name_is_told_apart(check, paper, unsealed, tmp_path):
    told = check(sealed_by(unsealed, made(tmp_path)))
    assert "Signed, but not with our certificate" in told and "示例日化有限公司" in told


def test_a_file_sealed_by_us_that_is_not_on_file_is_not_called_an_original(check, paper, unsealed, key):
    told = check(sealed_by(unsealed, key))
    assert "Sealed by us and unchanged, but not on file" in told and "verdict-warn" in told


def test_our_original_signed_by_somebody_else_behind_it_was_changed(check, world, unsealed, tmp_path):
    approved(world, FakePrint(unsealed, 6))
    told = check(sealed_by(unsealed, made(tmp_path, "另一家示例商贸有限公司")))
    assert "Not our original: changed" in told and "另一家示例商贸有限公司" in told


def test_an_original_that_holds_no_more_is_not_shown_green(check, world, paper, sealed):
    steps.withdraw_approval(world.session, world.manager, paper.agreement, "价格有误")
    world.session.commit()
    told = check(sealed.pdf)
    assert "Our original, unchanged" in told and "verdict-warn" in told and "approval was withdrawn" in told


def test_a_stranger_to_the_office_learns_of_a_file_what_its_code_would_tell(
    check, paper, sealed, make, sign_in
):
    told = check(sealed.pdf, by=sign_in(make.user(Role.TRAINER)))
    assert paper.agreement.number in told
    assert paper.agreement.distributor.name not in told and f"/agreements/{paper.agreement_id}" not in told


def test_what_is_none_of_ours_is_said_to_be_so(check, paper, unsealed):
    assert "Not an original of ours" in check(unsealed.replace(b"/Lang", b"/Lanf", 1))


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"", "is no PDF"),
        (b"PK\x03\x04 a parcel", "is no PDF"),
        (b"%PDF-1.7\n" + bytes(range(256)) * 20, "damaged"),
        (b"%PDF-1.7" + b" " * MOST_BYTES, "more than 20 MB"),
    ],
)
def test_what_cannot_be_checked_is_refused_in_words(check, paper, data, part):
    assert part in check(data, status=422)


def test_no_file_is_no_mistake_of_the_portal(world, sign_in):
    page = sign_in(world.author).post("/verify/", data={})
    assert page.status_code == 422 and "Choose a file." in page.text


def test_nobody_hands_in_anything_before_signing_in(client):
    asked = client.post("/verify/", data={"file": (io.BytesIO(b"%PDF-1.7"), "x.pdf")})
    assert asked.status_code == 303 and asked.location.startswith("/login")


def test_nothing_of_a_file_is_kept(check, paper, world, unsealed):
    def counts():
        world.session.rollback()
        return [world.session.scalar(sa.select(sa.func.count()).select_from(one)) for one in (Document, Blob)]

    before = counts()
    check(appended(unsealed))
    assert counts() == before
