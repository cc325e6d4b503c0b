"""What people remember of a distributor finds it, on both databases."""

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.distributors import listing, search
from portal.domain.distributors.models import Distributor
from portal.domain.distributors.queries import DistributorFilter
from portal.domain.regions import services as regions
from portal.web import tables


def found(session, words: str) -> set[str]:
    matching = search.matching(session, words)
    if matching is None:
        return set()
    return set(session.scalars(sa.select(Distributor.name).where(Distributor.id.in_(matching))))


@pytest.fixture
def meant(make):
    region = make.region()
    make.distributor(region, code="X-9", name="虚构粮油经营部", phones=["0571-88009999"])
    return make.distributor(
        region,
        code="D-00124",
        name="示例丰收丰年7号商贸有限公司",
        short_name="丰收丰年",
        name_en="Example Harvest",
        phones=["0719-8611666", "13800000051"],
    ).name


@pytest.mark.parametrize(
    "words",
    [
        "d-00124",
        "D00124",
        "00124",
        "Ｄ－００１２４",
        "丰收",
        "丰年",
        "丰收丰年",
        "收丰年7号商",
        "示例 商贸",
        "slfsfn",
        "fsfn7hsm",
        "fengshou",
        "shangmao",
        "harvest",
        "example harv",
        "1666",
        "0719-8611666",
        "8611666",
        "138 0000 0051",
        "+86 13800000051",
        "+86 138 0000 0051",
        "138-0000-0051",
        "１３８　００００　００５１",
        "0719-861 1666",
        "0719 8611666",
        "(0719) 8611666",
        "丰收 138 0000 0051",
        "d-00124 0051",
        "0051",
    ],
)
def test_what_people_remember_finds_it_and_nothing_else(session, meant, words):
    assert found(session, words) == {meant}


@pytest.mark.parametrize(
    "words", ["商示例", "年丰收", "666", "d-99", "zzz", "丰收 粮油", "公司丰收", '"*', "&|!", "'"]
)
def test_what_is_not_there_finds_nothing(session, meant, words):
    assert found(session, words) == set()


def test_a_number_in_groups_finds_its_own_record_and_not_those_that_share_the_groups(session, make):
    region = make.region()
    make.distributor(region, name="示例甲", phones=["13800000001", "0571-55550002"])
    make.distributor(region, name="示例乙", phones=["13800000002", "0571-55550001"])
    make.distributor(region, name="示例丙", phones=["138000000010000"])
    assert found(session, "138 0000 0002") == {"示例乙"}
    assert found(session, "0571-5555 0002") == {"示例甲"}


def test_the_code_itself_comes_first_then_what_begins_so(session, make):
    region = make.region()
    for code, name in (("A-2", "示例甲"), ("B-1", "A-1 示例乙"), ("A-11", "示例丙"), ("A-1", "示例丁")):
        make.distributor(region, code=code, name=name)
    reach = listing.reach(session, make.user(Role.SALESPERSON, region))
    rows = listing.likeliest(session, reach, "a-1", limit=3, is_many=False)
    assert [row.code for row in rows] == ["A-1", "A-11", "B-1"]
    assert [row.is_meant for row in rows] == [True, False, False]


def test_of_very_many_the_code_itself_still_comes_first(session, make):
    region, other = make.region(), make.region()
    for code in ("A-10", "A-11", "A-12", "A-1"):
        make.distributor(region, code=code, name="示例商贸")
    reach = listing.reach(session, make.user(Role.SALESPERSON, region))
    rows = listing.likeliest(session, reach, "a-12", limit=2, is_many=True)
    assert [row.code for row in rows] == ["A-12"]
    rows = listing.likeliest(session, reach, "商贸", limit=2, is_many=True)
    assert [row.code for row in rows] == ["A-1", "A-10"]
    strange = listing.reach(session, make.user(Role.SALESPERSON, other))
    assert not listing.likeliest(session, strange, "a-12", limit=2, is_many=True)


def test_words_alone_are_counted_in_the_index_as_in_the_register(session, make):
    region = make.region()
    make.distributor(region, name="示例北方商贸")
    make.distributor(region, name="示例南方百货")
    every = listing.reach_of_lists(session, make.user(Role.EXECUTIVE, regions.head_office(session)))
    assert every.is_everything
    for words, wanted in (("商贸", 1), ("示例", 2), ("无", 0), ("!!", 0)):
        filter_ = DistributorFilter(q=words)
        assert tables.count(session, listing.countable(session, every, filter_)) == wanted
        assert tables.count(session, listing.found(session, every, filter_)) == wanted


def test_hits_are_only_of_the_users_offices(session, make):
    north, south = make.region(), make.region()
    make.distributor(north, name="示例北方商贸")
    make.distributor(south, name="示例南方商贸")
    reach = listing.reach_of_lists(session, make.user(Role.SALESPERSON, north))
    for is_many in (False, True):
        rows = listing.likeliest(session, reach, "商贸", limit=5, is_many=is_many)
        assert [row.name for row in rows] == ["示例北方商贸"]
