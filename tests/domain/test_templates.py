"""The texts that agreements are written on, and counsel's release of them."""

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.errors import DomainError
from portal.domain.price_protection import texts, todos_counsel
from portal.domain.templates import reading
from portal.domain.templates import services as templates
from portal.domain.templates.models import Template

KEY = "price-protection.zh"


@pytest.fixture
def counsel(make):
    return make.user(Role.COUNSEL, username="counsel")


def release(session, actor, key=KEY, **changes):
    found = templates.edition(session, key)
    given = {"version": found.version, "sha256": found.sha256, "note": "示例律师事务所意见书2026-01号"}
    return templates.release_template(session, actor, key=key, **(given | changes))


def test_every_agreement_text_that_ships_is_listed_and_the_chinese_one_is_offered(session):
    assert [edition.key for edition in texts.agreement_editions(session)] == list(texts.AGREEMENT_KEYS)
    assert [edition.key for edition in texts.offered_editions(session)] == [KEY]


def test_every_released_text_is_offered_and_the_main_one_while_nothing_is_released(session, counsel):
    release(session, counsel, "price-protection-small.zh")
    assert [edition.key for edition in texts.offered_editions(session)] == ["price-protection-small.zh"]
    release(session, counsel)
    release(session, counsel, "price-protection.bilingual")
    assert [edition.key for edition in texts.offered_editions(session)] == list(texts.AGREEMENT_KEYS)


def test_counsel_is_asked_for_the_main_text_and_for_new_versions_of_what_is_in_use(
    session, make, counsel, monkeypatch
):
    def waiting(user):
        return [todo.args for todo in todos_counsel.todos(session, user)]

    assert waiting(make.user(Role.ADMINISTRATOR)) == []
    assert waiting(counsel) == [{"key": KEY, "version": "1.0.0"}]
    release(session, counsel)
    assert waiting(counsel) == []
    monkeypatch.setattr(
        templates, "_shipped_text", lambda key: _text(key).replace("version: 1.0.0", "version: 1.0.1", 1)
    )
    assert waiting(counsel) == [{"key": KEY, "version": "1.0.1"}]


def test_a_text_is_kept_at_its_first_use_and_only_once(session):
    first = templates.ensure_template(session, KEY)
    assert templates.ensure_template(session, KEY) is first
    assert first.sha256 == templates.sha256_of(first.text)
    assert session.scalar(sa.select(sa.func.count()).select_from(Template)) == 1


def test_another_text_under_the_same_version_is_refused_loudly(session, monkeypatch):
    templates.ensure_template(session, KEY)
    monkeypatch.setattr(templates, "_shipped_text", lambda key: _text(key) + "\n")
    with pytest.raises(DomainError, match="without raising its version"):
        templates.ensure_template(session, KEY)
    assert KEY not in [edition.key for edition in texts.offered_editions(session)]


_text = templates._shipped_text


def test_a_new_version_is_kept_beside_the_old_one_and_offered_only_when_released(
    session, counsel, monkeypatch
):
    release(session, counsel)
    old = templates.ensure_template(session, KEY)
    monkeypatch.setattr(
        templates, "_shipped_text", lambda key: _text(key).replace("version: 1.0.0", "version: 1.10.0", 1)
    )
    versions = [edition.version for edition in texts.agreement_editions(session) if edition.key == KEY]
    assert versions == ["1.10.0", "1.0.0"]
    assert templates.ensure_template(session, KEY) is old
    newest = templates.edition(session, KEY, "1.10.0")
    release(session, counsel, version="1.10.0", sha256=newest.sha256)
    assert templates.ensure_template(session, KEY).version == "1.10.0"


def test_a_release_names_who_what_and_which_text(session, counsel):
    made = release(session, counsel)
    template = templates.ensure_template(session, KEY)
    assert templates.is_released(template)
    assert (made.sha256, made.released_by_id) == (template.sha256, counsel.id)
    event = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "template.released")).one()
    assert (event.actor_id, event.params["sha256"]) == (counsel.id, template.sha256)
    with pytest.raises(DomainError, match="already been released"):
        release(session, counsel)


def test_the_release_of_one_text_covers_no_other(session, counsel):
    release(session, counsel)
    small = templates.ensure_template(session, "price-protection-small.zh")
    assert not templates.is_released(small)


def test_only_counsel_of_the_head_office_releases(session, make):
    for user in (make.user(Role.ADMINISTRATOR), make.user(Role.COUNSEL, make.region())):
        with pytest.raises(DomainError, match="Only counsel"):
            release(session, user)
    assert session.scalar(sa.select(sa.func.count()).select_from(Template)) == 0


@pytest.mark.parametrize("changes", [{"sha256": "0" * 64}, {"note": " "}, {"version": "9.9.9"}])
def test_what_was_not_read_or_is_not_vouched_for_is_not_released(session, counsel, changes):
    with pytest.raises(DomainError):
        release(session, counsel, **changes)
    assert not templates.is_released(templates.ensure_template(session, KEY))


def test_a_text_changed_in_the_database_is_released_no_more(session, counsel):
    release(session, counsel)
    template = templates.ensure_template(session, KEY)
    template.text += "\n1.99 偷偷加上的一款"
    assert not templates.is_released(template)
    with pytest.raises(DomainError):
        templates.ensure_template(session, KEY)


def test_a_release_cannot_be_changed_or_taken_away_in_the_database(session, counsel):
    release(session, counsel)
    session.commit()
    for statement in ("UPDATE template_release SET sha256 = 'x'", "DELETE FROM template_release"):
        with pytest.raises(sa.exc.DBAPIError):
            session.execute(sa.text(statement))
        session.rollback()


def test_drafting_notes_stand_where_they_were_written_and_only_counsel_reads_them():
    text = _text(KEY)
    parts = reading.reading(text, with_notes=True)
    notes = [part for part in parts if part.kind == "note"]
    assert len(notes) == sum(line.startswith(">") for line in text.split("\n"))
    before_price_notes = parts[parts.index(notes[2]) - 1]
    assert (before_price_notes.kind, before_price_notes.number) == ("section", "price-territory")
    assert [part.kind for part in parts][-2:] == ["library", "note"]
    bare = reading.reading(text, with_notes=False)
    assert [part for part in parts if part.kind != "note"] == bare
    assert sum(part.kind == "clause" for part in bare) == len(templates.parsed(text).clauses())
