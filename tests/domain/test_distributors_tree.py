"""The tree of supply, across offices and without circles."""

import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.distributors import mentions, services, tree
from portal.domain.distributors.around import around
from portal.domain.distributors.models import Distributor, Level
from portal.domain.errors import DomainError


def under(session, child, parent):
    child.parent_id = parent.id
    session.commit()


def test_the_tree_goes_down_to_any_depth_and_through_other_offices(session, make, office, clerk):
    elsewhere = make.region("示例西区")
    top = make.distributor(office, clerk, code="T")
    middle = make.distributor(elsewhere, code="M", name="外区二批", level=Level.SECOND_TIER, parent_id=top.id)
    leaf = make.distributor(office, clerk, code="L", level=Level.RETAILER, parent_id=middle.id)
    deep = make.distributor(office, clerk, code="X", parent_id=leaf.id)
    nodes = tree.branch(session, clerk, top.id)
    assert [node.mention.code for node in tree.flat(nodes)] == ["M", "L"]
    outside = nodes[0]
    assert (outside.mention.is_open, outside.level, outside.standing) == (False, None, None)
    assert (outside.mention.name, outside.mention.office, outside.below) == ("外区二批", "示例西区", 1)
    assert (outside.children[0].mention.is_open, outside.children[0].below) == (True, 1)
    assert tree.is_below(session, deep.id, top.id)
    assert not tree.is_below(session, top.id, deep.id)
    assert [mention.code for mention in around(session, clerk, deep).suppliers] == ["T", "M", "L"]


def test_a_crowded_level_is_left_to_be_opened(session, make, office, clerk, monkeypatch):
    monkeypatch.setattr(tree, "FEW", 1)
    top = make.distributor(office, clerk)
    middle = make.distributor(office, clerk, parent_id=top.id)
    for _number in range(2):
        make.distributor(office, clerk, parent_id=middle.id)
    (node,) = tree.branch(session, clerk, top.id)
    assert (node.below, node.children) == (2, [])
    assert len(tree.branch(session, clerk, middle.id)) == 2


def test_a_circle_of_suppliers_is_refused(session, make, office, clerk):
    top = make.distributor(office, clerk)
    middle = make.distributor(office, clerk, parent_id=top.id)
    leaf = make.distributor(office, clerk, parent_id=middle.id)
    for parent in (top, leaf):
        with pytest.raises(DomainError) as refused:
            services.edit(session, clerk, top, {"parent": parent}, version=top.version)
        assert refused.value.field == "parent"
    services.edit(session, clerk, leaf, {"parent": top}, version=leaf.version)
    assert leaf.parent_id == top.id


def test_two_changes_at_once_cannot_close_a_circle(session, make, office, clerk):
    """Each is right by itself; only one may win, on both databases."""
    one, other = make.distributor(office, clerk), make.distributor(office, clerk)
    pairs = [(one.id, other.id), (other.id, one.id)]
    start, refusals = threading.Barrier(2), []

    def change(child_id, parent_id):
        with Session(session.get_bind().execution_options(portal_deferred=False)) as own:
            start.wait(10)
            services.lock_register(own)
            child, parent = own.get_one(Distributor, child_id), own.get_one(Distributor, parent_id)
            actor = own.merge(clerk)
            try:
                services.edit(own, actor, child, {"parent": parent}, version=child.version)
                own.commit()
            except DomainError as refused:
                own.rollback()
                refusals.append(refused.field)

    threads = [threading.Thread(target=change, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert refusals == ["parent"]
    session.rollback()
    held = session.scalars(sa.select(Distributor.id).where(Distributor.parent_id.is_not(None))).all()
    assert len(held) == 1


@pytest.mark.parametrize("typed", ["T-1", "ｔ-1", "T-1 示例总经销", "示例总经销", " 示例总经销 "])
def test_a_supplier_is_meant_by_code_or_name(session, make, typed):
    meant = make.distributor(code="T-1", name="示例总经销")
    make.distributor(code="T-10", name="示例总经销十号")
    assert mentions.resolve(session, typed).id == meant.id


def test_a_supplier_that_is_not_there_or_not_told_apart_is_refused(session, make):
    make.distributor(code="A", name="同名商行")
    make.distributor(code="B", name="同名商行")
    with pytest.raises(DomainError) as refused:
        mentions.resolve(session, "同名商行", field="parent")
    assert refused.value.params["codes"] == "A、B"
    with pytest.raises(DomainError):
        mentions.resolve(session, "没有这家", field="parent")
    assert mentions.resolve(session, "  ") is None


def test_choosing_finds_own_offices_by_anything_and_others_by_code_or_name_only(session, make, office, clerk):
    elsewhere = make.region("示例西区")
    own = make.distributor(office, clerk, code="D-1", name="示例甲商行", phones=["0572-5555102"])
    other = make.distributor(elsewhere, code="D-2", name="示例乙商行", phones=["0572-5555103"])
    found = mentions.choose(session, clerk, "示例")
    assert [(mention.id, mention.is_open) for mention in found] == [(own.id, True), (other.id, False)]
    assert [mention.id for mention in mentions.choose(session, clerk, "5102")] == [own.id]
    assert mentions.choose(session, clerk, "5103") == []
    assert mentions.choose(session, clerk, "!!") == []
