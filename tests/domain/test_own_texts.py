"""The company's own texts: cut, checked line by line, published by somebody else, taken out of offer."""

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.errors import DomainError, Stale
from portal.domain.price_protection import drafting, texts
from portal.domain.price_protection.problems import obstacles, problems
from portal.domain.templates import checking, comparing, offers, pieces, shipped, texts_in_work, writing
from portal.domain.templates import services as templates
from portal.domain.templates.models import Template, TextState
from tests.domain.agreement_world import AgreementWorld
from tests.paper_examples import BILINGUAL, CHINESE, SMALL, template_text

KEY = "our-shops.zh"


@pytest.fixture
def counsel(make):
    return make.user(Role.COUNSEL, username="counsel")


@pytest.fixture
def director(make):
    return make.user(Role.EXECUTIVE, username="director")


@pytest.fixture
def draft(session, director):
    return begin(session, director)


def begin(session, actor, origin=CHINESE, **said):
    given = {"key": "our-shops", "version": "1.0.0", "name": "华东版", **said}
    return writing.begin(session, actor, templates.edition(session, origin), **given)


def publish(session, writer, publisher, draft):
    writing.submit(session, writer, draft, row_version=draft.row_version)
    return writing.publish(
        session, publisher, draft, sha256=templates.sha256_of(draft.text), note="示例律师意见书"
    )


def said(text, base=CHINESE):
    """Every finding as a person reads it, with where it is."""
    return [
        (one.section, one.msgid % one.params if one.params else one.msgid)
        for one in checking.findings(text, base)
    ]


@pytest.mark.parametrize("key", sorted(templates.SHIPPED))
def test_a_text_that_is_cut_and_put_together_says_the_same(key):
    text = shipped.shipped_text(key)
    again = pieces.join(pieces.cut(text))
    assert comparing.changes(text, again, with_notes=True) == ()
    assert pieces.join(pieces.cut(again)) == again


@pytest.mark.parametrize("key", sorted(shipped.LETTERS))
def test_what_is_edited_and_not_changed_stays_the_same_and_is_fit(key):
    text = pieces.join(pieces.cut(shipped.shipped_text(key)))
    for article in pieces.cut(text).articles:
        for run in article.runs:
            assert run.is_table or pieces.read(pieces.shown(run.text)) == run.text
    assert checking.findings(text, key) == []


def test_what_is_typed_or_pasted_becomes_lines_of_the_text():
    typed = "  1．2　返利率为【返利率】。 \r\n(一)\u200b甲方【没有这个】；\r\n\r\n\r\n\r\n1.3、同上"
    assert pieces.read(typed) == "1.2 返利率为{{rebate_rate}}。\n（一）甲方【没有这个】；\n\n1.3 同上"
    assert pieces.shown("返利率为{{rebate_rate}}") == "返利率为【返利率】"
    for line in ("# 标题", "| 甲 | 乙 |", "## 第一条 {#x}"):
        with pytest.raises(DomainError, match="must not begin"):
            pieces.read(line)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "返利率为进货金额的{{rebate_rate}}",
            "返利率为进货金额的百分之三",
            ("", "【返利率】 must stand in the text"),
        ),
        ("3.2 ", "3.3 ", ("rebate", "This clause should be 3.2")),
        ("## 第九条", "##第九条", ("forfeiture", "neither a heading nor a row")),
        ("## 第九条", "## 第十一条", ("returns", "This article should be 第九条")),
        ("## 第九条", "## 第十条", ("term", "refers to 第九条")),
        ("{{rebate_rate}}", "{{rebate}}", ("rebate", "There is no placeholder 【rebate】")),
        ("{{rebate_rate}}", "【返利】", ("rebate", "Did you mean 【返利率】")),
        ("{{rebate_rate}}", "{{rebate_rate}}{{notice_number}}", ("rebate", "belongs to other papers")),
        ("{{rebate_rate}}", "{{rebate_rate}}{{price.no}}", ("rebate", "belongs into a row")),
        ("{{rebate_rate}}", "{{rebate_rate}", ("rebate", "not well formed")),
        ("{{rebate_rate}}", "**{{rebate_rate}}", ("rebate", "Two asterisks")),
        ("{{rebate_rate}}", "{{rebate_rate}}😀", ("rebate", "cannot print: 😀")),
        ("{{rebate_rate}}", "{{rebate_rate}}（见第99.1款）", ("rebate", "refers to 第99.1款")),
        ("\n（二）", "\n（三）", (None, "This item should be （二）")),
    ],
)
def test_each_fault_is_named_at_its_line(before, after, expected):
    text = template_text()
    place = text.index("3.1 ") if before.startswith("{{") else 0
    broken = text[:place] + text[place:].replace(before, after, 1)
    assert broken != text
    section, words = expected
    found = said(broken)
    assert any(words in sentence and section in (where, "", None) for where, sentence in found), found


def test_a_required_placeholder_that_was_lost_is_named_with_its_old_place():
    text = template_text(SMALL).replace("{{rebate_rate}}", "3%")
    [(where, sentence)] = said(text, SMALL)
    assert where == "rebate"
    assert sentence == "【返利率】 must stand in the text and does not. It stood in 3.1."


def test_a_clause_that_other_papers_refer_to_may_not_go():
    lines = template_text(SMALL).split("\n")
    text = "\n".join(line for line in lines if not line.startswith("16.1 ")).replace("16.2 ", "16.1 ")
    text = text.replace("16.3 ", "16.2 ")
    assert said(text, SMALL) == []
    gone = text.replace("7.5 **乙方不服", "**乙方不服")
    assert any("第7.5款 is missing" in sentence for _, sentence in said(gone, SMALL))


def test_tables_signatures_and_english_may_not_go():
    text = template_text()
    found = [sentence for _, sentence in said(text[: text.index("## 附件二")])]
    assert any("kinds of violation must be there" in sentence for sentence in found)
    assert any("list of kinds of violation is missing" in sentence for sentence in found)
    both = template_text(BILINGUAL)
    line = next(row for row in both.split("\n") if row.startswith("en: 3.1 "))
    assert [
        where
        for where, sentence in said(both.replace(line + "\n", ""), BILINGUAL)
        if "English is missing" in sentence
    ] == ["rebate"]


def test_a_copy_is_written_saved_and_published_by_another_person(session, director, counsel, draft):
    text = draft.text.replace("3.1 ", "3.1 双方确认，", 1)
    writing.save(session, director, draft, text, row_version=draft.row_version)
    release = publish(session, director, counsel, draft)
    assert (draft.state, draft.template.text) == (TextState.RELEASED, text)
    assert release.sha256 == templates.sha256_of(text) and release.released_by_id == counsel.id
    [first, *_] = texts.offered_editions(session)
    assert (first.key, first.version, first.title) == (KEY, "1.0.0", "价格保护协议（华东版）")
    assert [step.kind for step in draft.steps] == ["created", "saved", "submitted", "released"]
    actions = session.scalars(
        sa.select(AuditEvent.action).where(AuditEvent.action.startswith("template")).order_by(AuditEvent.id)
    ).all()
    assert actions == [
        "template_draft.created",
        "template_draft.saved",
        "template_draft.submitted",
        "template.released",
        "template_draft.released",
    ]


def test_who_wrote_in_a_text_never_publishes_it(session, director, counsel, draft):
    writing.save(session, counsel, draft, draft.text + "\n", row_version=draft.row_version)
    with pytest.raises(DomainError, match="You wrote in this text"):
        publish(session, director, counsel, draft)
    assert session.scalar(sa.select(sa.func.count()).select_from(Template)) == 0


def test_nobody_publishes_without_the_right_or_another_text_than_was_read(
    session, make, director, counsel, draft
):
    writing.submit(session, director, draft, row_version=draft.row_version)
    sha256 = templates.sha256_of(draft.text)
    for user in (
        make.user(Role.EXECUTIVE),
        make.user(Role.ADMINISTRATOR),
        make.user(Role.COUNSEL, make.region()),
    ):
        with pytest.raises(DomainError, match="Only counsel"):
            writing.publish(session, user, draft, sha256=sha256, note="x")
    with pytest.raises(DomainError, match="no longer the one you read"):
        writing.publish(session, counsel, draft, sha256="0" * 64, note="x")
    for user in (make.user(Role.REGIONAL_MANAGER), make.user(Role.COUNSEL, make.region())):
        with pytest.raises(DomainError, match="Only counsel and executives"):
            begin(session, user, key="another")


def test_a_text_with_faults_is_kept_and_not_submitted(session, director, draft):
    writing.save(
        session, director, draft, draft.text.replace("{{rebate_rate}}", "3%"), row_version=draft.row_version
    )
    with pytest.raises(writing.Unfit) as refused:
        writing.submit(session, director, draft, row_version=draft.row_version)
    assert [one.params["label"] for one in refused.value.findings] == ["返利率"]
    assert draft.state is TextState.DRAFT


def test_two_people_at_once_lose_nothing(session, director, counsel, draft):
    opened = draft.row_version
    writing.save(session, director, draft, draft.text.replace("3.1 ", "3.1 甲", 1), row_version=opened)
    with pytest.raises(Stale):
        writing.save(session, counsel, draft, "other", row_version=opened)
    with pytest.raises(Stale):
        writing.submit(session, counsel, draft, row_version=opened)


def test_what_was_handed_over_is_sent_back_taken_back_or_given_up(session, director, counsel, draft):
    writing.submit(session, director, draft, row_version=draft.row_version)
    with pytest.raises(DomainError, match="moved on"):
        writing.save(session, director, draft, "x", row_version=draft.row_version)
    with pytest.raises(DomainError, match="Enter the reason"):
        writing.send_back(session, counsel, draft, reason=" ")
    writing.send_back(session, counsel, draft, reason="第三条请再核对")
    assert texts_in_work.last(draft, "sent_back").note == "第三条请再核对"
    writing.submit(session, director, draft, row_version=draft.row_version)
    with pytest.raises(DomainError, match="Only who wrote"):
        writing.take_back(session, counsel, draft)
    writing.take_back(session, director, draft)
    writing.discard(session, director, draft, reason="不再需要")
    assert texts_in_work.drafts(session) == []
    assert begin(session, director).key == KEY


def test_the_next_version_is_above_the_published_one_and_one_at_a_time(session, director, counsel, draft):
    with pytest.raises(DomainError, match="in work already"):
        begin(session, director)
    publish(session, director, counsel, draft)
    assert writing.next_version(session, KEY) == "1.1.0"
    for version in ("1.0.0", "0.9.9", "1.0", "1.0.0.0", "01.2.3"):
        with pytest.raises(DomainError) as refused:
            begin(session, director, KEY, version=version)
        assert refused.value.field == "version"
    later = begin(session, director, KEY, version="1.10.0")
    assert (later.base_key, later.origin_version) == (CHINESE, "1.0.0")
    publish(session, director, counsel, later)
    assert [one.version for one in texts.offered_editions(session)] == ["1.10.0"]


@pytest.mark.parametrize(
    "key", ["", "中文", "Our Shops", "-a", "a" * 41, "price-protection", "price-protection.zh"]
)
def test_an_identifier_is_short_ascii_and_the_companys_own(session, director, key):
    with pytest.raises(DomainError) as refused:
        begin(session, director, key=key)
    assert refused.value.field == "key"


def test_an_agreement_is_written_on_a_text_of_the_companys_own(session, make, director):
    world = AgreementWorld(session, make)
    for origin, key in ((CHINESE, "ours"), (SMALL, "ours-small")):
        draft = begin(session, director, origin, key=key)
        publish(session, director, world.counsel, draft)
        agreement = world.draft(template_id=draft.template_id)
        assert problems(session, agreement) == obstacles(session, agreement) == []
        proposed = drafting.proposal(session, agreement.distributor, draft.template)
        assert {row.code for row in proposed.violations} == {"cross_territory", "hostile_quoting"}


def test_a_text_taken_out_of_offer_is_offered_no_more_and_nothing_else_changes(session, make):
    world = AgreementWorld(session, make)
    agreement = world.draft()
    with pytest.raises(DomainError, match="Only counsel"):
        offers.stop(session, world.manager, world.template, reason="第三条有误", holds_work=False)
    with pytest.raises(DomainError, match="Enter the reason"):
        offers.stop(session, world.counsel, world.template, reason="", holds_work=False)
    offers.stop(session, world.counsel, world.template, reason="第三条有误", holds_work=False)
    assert texts.offered_editions(session) == []
    assert CHINESE in [edition.key for edition, _ in texts.held_back(session)]
    assert obstacles(session, agreement) == [] and templates.is_released(world.template)
    with pytest.raises(DomainError, match="already been taken"):
        offers.stop(session, world.counsel, world.template, reason="又一次", holds_work=True)
    offers.resume(session, world.counsel, world.template, reason="误操作")
    assert [edition.key for edition in texts.offered_editions(session)] == [CHINESE]
    offers.stop(session, world.counsel, world.template, reason="第三条确有误", holds_work=True)
    [problem] = obstacles(session, agreement)
    assert problem.params["reason"] == "第三条确有误"


def test_an_older_version_does_not_come_back_when_the_newest_is_stopped(session, make):
    world = AgreementWorld(session, make)
    newer = world.add_template(text=template_text().replace("version: 1.0.0", "version: 1.1.0", 1))
    offers.stop(session, world.counsel, newer, reason="笔误", holds_work=False)
    assert texts.offered_editions(session) == []


@pytest.mark.parametrize("table", ["template_offer", "template_draft_step"])
@pytest.mark.parametrize("change", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_what_was_said_of_a_text_stays(session, make, table, change, director):
    world = AgreementWorld(session, make)
    offers.stop(session, world.counsel, world.template, reason="第三条有误", holds_work=False)
    begin(session, director)
    session.commit()
    with pytest.raises(sa.exc.DBAPIError, match="keeps what was written"):
        session.execute(sa.text(change.format(table)))
    session.rollback()
