"""A register of any size, as an industrious office would have filled it: seeded, so that every run has the same.

Written in bulk past the services, which a hundred thousand records would keep busy for an hour; the search tokens,
name keys and credit codes are made by the very functions that the services use.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from stdnum.cn import uscc

from portal.domain.audit.models import AuditEvent
from portal.domain.distributors import search
from portal.domain.distributors.models import (
    Channel,
    Contact,
    Distributor,
    DistributorPhone,
    Level,
    Licence,
    NearSame,
    Standing,
    Territory,
    series_no,
)
from portal.domain.regions.models import Region
from portal.domain.text import name_key, sound_mark
from portal.domain.users.models import Grant, User

SEED = 20_260_101
# Of the demo; may see and write every record there is, the heaviest reader of lists.
READER = "director"
# In two names of five, and in one of some thousands.
MANY, FEW = "商贸", "麒骥"

_BATCH = 5_000
_PLACES = (
    ("浙江省", "杭州市", "0571", "330100"),
    ("浙江省", "宁波市", "0574", "330200"),
    ("江苏省", "南京市", "025", "320100"),
    ("江苏省", "苏州市", "0512", "320500"),
    ("安徽省", "合肥市", "0551", "340100"),
    ("福建省", "厦门市", "0592", "350200"),
    ("江西省", "南昌市", "0791", "360100"),
    ("山东省", "济南市", "0531", "370100"),
    ("河南省", "郑州市", "0371", "410100"),
    ("湖北省", "武汉市", "027", "420100"),
    ("湖南省", "长沙市", "0731", "430100"),
    ("广东省", "广州市", "020", "440100"),
    ("广西壮族自治区", "南宁市", "0771", "450100"),
    ("四川省", "成都市", "028", "510100"),
    ("陕西省", "西安市", "029", "610100"),
)
_DISTRICTS = ("城东区", "城西区", "城南区", "城北区", "新区", "开发区", "湖滨区", "江滨区")
_ROADS = ("人民路", "解放路", "建设路", "中山路", "和平路", "团结路", "朝阳路", "新华路", "工业路", "市场路")
SIGNS = (
    "鑫源盛达隆昌顺发恒泰永兴华宇佳美康宁安瑞祥福禄寿喜金玉满堂德"
    "信义诚和润丰裕嘉联合众创新世纪星辰远航捷通利民惠群百川汇海"
)
_TRADES = (MANY, MANY, "贸易", "百货", "日用品", "食品", "供应链管理", "便利连锁")
_FORMS = ("有限公司", "有限公司", "有限公司", "有限责任公司", "商行", "经营部")
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
)
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红建国文斌海波宁晓东志鹏丹婷雪梅"
_BRANDS = ("样本日化", "虚构酱园", "样本食品", "假想洗护", "示例家清", "想象纸业")
_BANKS = ("示例银行", "样本农商银行", "假想城市银行")


@dataclass
class Rows:
    """Rows by table, in the order in which foreign keys let them in; `tokens` belong into the search table."""

    tables: dict[Any, list[dict[str, Any]]] = field(default_factory=dict)
    tokens: list[dict[str, Any]] = field(default_factory=list)

    def add(self, model: Any, **values: Any) -> dict[str, Any]:
        """One more row, with what the columns' plain defaults give; the next id of its table unless it is given."""
        self.tables.setdefault(model, []).append(values)
        return values


@dataclass(frozen=True)
class Place:
    """An office, where it is, its territories and the people who keep its accounts."""

    region: int
    path: str
    place: tuple[str, str, str, str]
    territories: list[int]
    owners: list[int]


class Register:
    """Makes `count` distributors beside those that the demo has put into the database."""

    def __init__(self, connection: Connection, count: int) -> None:
        self._random = random.Random(SEED)
        self._count = count
        self._rows = Rows()
        self._next = {
            model: (connection.scalar(sa.select(sa.func.max(model.id))) or 0) + 1
            for model in (Region, User, Territory, Distributor)
        }
        self._root = connection.execute(
            sa.select(Region.id, Region.path).where(Region.parent_id.is_(None))
        ).one()
        self._password = connection.scalar(sa.select(User.password_hash).where(User.username == READER))

    def rows(self) -> Rows:
        """The rows of every table."""
        offices = list(self._offices())
        heads: dict[int, list[int]] = {}
        seconds: dict[int, list[int]] = {}
        for number in range(self._count):
            office = self._random.choice(offices)
            draw = self._random.random()
            level, parent = Level.GENERAL, None
            if draw > 0.3 and seconds.get(office.region):
                level, parent = Level.RETAILER, self._random.choice(seconds[office.region])
            elif draw > 0.06 and heads.get(office.region):
                level, parent = Level.SECOND_TIER, self._random.choice(heads[office.region])
            made = self._distributor(number, office, level, parent)
            if level is Level.GENERAL:
                heads.setdefault(office.region, []).append(made)
            elif level is Level.SECOND_TIER:
                seconds.setdefault(office.region, []).append(made)
        return self._rows

    def _id(self, model: Any) -> int:
        self._next[model] += 1
        return self._next[model] - 1

    def _offices(self) -> Iterator[Place]:
        """Five regions of three offices, each with eight people and eight territories."""
        for number, place in enumerate(_PLACES):
            if number % 3 == 0:
                above = self._region(f"B{number}", f"第{number // 3 + 1}大区", self._root.id, self._root.path)
            region, path = self._region(f"B{number}X", f"{place[1].removesuffix('市')}二处", *above)
            yield Place(
                region,
                path,
                place,
                [self._territory(region, place, district) for district in _DISTRICTS],
                [self._user(f"bench-{number}-{one}", region) for one in range(8)],
            )

    def _region(self, code: str, name: str, parent: int, path: str) -> tuple[int, str]:
        identity = self._id(Region)
        path = f"{path}{identity}/"
        self._rows.add(
            Region, id=identity, code=code, name=name, parent_id=parent, path=path, signing_place=""
        )
        return identity, path

    def _territory(self, region: int, place: tuple[str, str, str, str], district: str) -> int:
        identity = self._id(Territory)
        self._rows.add(Territory, id=identity, region_id=region, name=f"{place[1]}{district}", name_en="")
        return identity

    def _user(self, username: str, region: int) -> int:
        identity = self._id(User)
        self._rows.add(
            User,
            id=identity,
            username=username,
            name=self._person(),
            phone="",
            password_hash=self._password,
            language="",
            is_password_temporary=False,
            is_demo=False,
            created_at=_BEGAN,
        )
        self._rows.add(Grant, user_id=identity, role="salesperson", region_id=region, granted_at=_BEGAN)
        return identity

    def _person(self) -> str:
        return self._random.choice(_SURNAMES) + "".join(
            self._random.sample(_GIVEN, self._random.choice((1, 2)))
        )

    def _distributor(self, number: int, office: Place, level: Level, parent: int | None) -> int:
        pick = self._random
        identity = self._id(Distributor)
        province, city, prefix, area = office.place
        sign = FEW if number % 7_919 == 500 else "".join(pick.sample(SIGNS, pick.choice((2, 3, 3))))
        name = f"{city.removesuffix('市')}{sign}{pick.choice(_TRADES)}{pick.choice(_FORMS)}"
        is_known = pick.random() < 0.8  # the rest came from a list with little more than names
        boss, code, district = self._person(), f"D-{identity:05d}", pick.randrange(len(_DISTRICTS))
        address = f"{province}{city}{_DISTRICTS[district]}{pick.choice(_ROADS)}{pick.randrange(1, 999)}号"
        began = _BEGAN + timedelta(minutes=pick.randrange(900 * 24 * 60))
        facts: dict[str, Any] = {
            "code": code,
            "name": name,
            "short_name": sign if pick.random() < 0.6 else "",
            "uscc": _credit_code(area, number) if is_known else "",
            "legal_rep": boss if is_known else "",
            "level": level,
            "channel": pick.choice(list(Channel)) if level is Level.RETAILER else Channel.DISTRIBUTOR,
            "standing": pick.choices(list(Standing), (6, 84, 4, 2, 4))[0],
            "parent_id": parent,
            "region_id": office.region,
            "territory_id": office.territories[district] if pick.random() < 0.9 else None,
            "province": province,
            "city": city,
            "address": address if is_known or pick.random() < 0.5 else "",
            "founded_on": date(1996, 1, 1) + timedelta(days=pick.randrange(10_000)) if is_known else None,
            "staff": pick.randrange(2, 60) if is_known else None,
            "vehicles": pick.randrange(0, 12) if is_known else None,
            "outlets": pick.randrange(0, 400) if is_known else None,
            "brands": "、".join(pick.sample(_BRANDS, 2)) if pick.random() < 0.7 else "",
            "bank_account_name": name if is_known else "",
            "bank_name": f"{pick.choice(_BANKS)}{city.removesuffix('市')}分行" if is_known else "",
            "bank_account": f"62{pick.randrange(10**15, 10**16)}" if is_known else "",
            "credit_days": pick.choice((0, 15, 30, 45)) if is_known else None,
            "credit_limit_fen": pick.randrange(1, 50) * 1_000_000 if pick.random() < 0.4 else None,
            "deposit_fen": pick.choice((0, 500_000, 1_000_000)) if is_known else None,
        }
        owner = pick.choice(office.owners)
        self._rows.add(
            Distributor,
            id=identity,
            code_key=code.upper(),
            name_key=name_key(name),
            sound=sound_mark(name),
            series_no=series_no(code),
            owner_id=owner,
            email=f"d{identity}@example.com" if pick.random() < 0.5 else "",
            created_at=began,
            updated_at=began + timedelta(minutes=pick.randrange(60 * 24 * 60)),
            name_en="",
            invoice_title="",
            invoice_address_phone="",
            invoice_bank="",
            note="",
            version=1,
            longitude=None,
            latitude=None,
            **facts,
        )
        people, phones = self._reached(identity, prefix, boss)
        self._around(identity, owner, office, facts, began)
        self._rows.tokens.append(
            {
                "id": identity,
                "tokens": search.tokens(
                    code=code,
                    names=[one for one in (name, facts["short_name"]) if one],
                    phones=phones,
                    others=[*people, *([facts["uscc"]] if is_known else [])],
                ),
            }
        )
        return identity

    def _reached(self, identity: int, prefix: str, boss: str) -> tuple[list[str], list[str]]:
        """One or two telephones, none to two contacts: their names, and every number's digits."""
        pick = self._random
        phones = []
        for no in range(pick.choices((0, 1, 2), (5, 65, 30))[0]):
            local = f"{pick.randrange(10_000_000, 89_999_999)}"
            shown, digits = f"{prefix}-{local[:4]} {local[4:]}", prefix + local
            phones.append(digits)
            self._rows.add(
                DistributorPhone,
                distributor_id=identity,
                no=no,
                display=shown,
                digits=digits,
                extension="",
                label="",
            )
        people = []
        for no in range(pick.choices((0, 1, 2), (10, 70, 20))[0]):
            mobile = f"138{pick.randrange(10_000_000, 99_999_999)}"
            people.append(boss if no == 0 and pick.random() < 0.5 else self._person())
            phones.append(mobile)
            self._rows.add(
                Contact,
                distributor_id=identity,
                name=people[-1],
                title=pick.choice(("经理", "财务", "老板", "")),
                phone=f"{mobile[:3]} {mobile[3:7]} {mobile[7:]}",
                email="",
                birthday="",
                personality="",
                preferences="",
                is_primary=no == 0,
            )
        return people, phones

    def _around(
        self, identity: int, owner: int, office: Place, facts: dict[str, Any], began: datetime
    ) -> None:
        """What else a record gathers: its history, a licence, now and then a flag."""
        told = {name: value for name, value in facts.items() if value not in (None, "")}
        if "founded_on" in told:
            told["founded_on"] = told["founded_on"].isoformat()
        self._rows.add(
            AuditEvent,
            at=began,
            actor_id=owner,
            action="distributor.created",
            subject="distributor",
            subject_id=identity,
            region_id=office.region,
            params={"facts": told, "owner_id": owner, "near_same": []},
        )
        if facts["level"] is Level.GENERAL:
            expires_on = began.date() + timedelta(days=self._random.randrange(2_000))
            self._rows.add(
                Licence,
                distributor_id=identity,
                kind="食品经营许可证",
                number=f"JY1{identity:013d}",
                expires_on=expires_on,
            )
        if identity % 200 == 0:
            self._rows.add(
                NearSame,
                distributor_id=identity,
                other_id=identity - 1,
                reason="name",
                raised_at=began,
                settled_why="",
            )


_BEGAN = datetime(2023, 7, 1, 1, tzinfo=UTC)


def _credit_code(area: str, number: int) -> str:
    stem = f"91{area}MA{number:07d}"
    return stem + uscc.calc_check_digit(stem)


def write(engine: sa.Engine, count: int) -> int:
    """Fill a database that holds the demo with `count` more distributors; gives the id of the first of them."""
    with engine.connect() as connection:
        rows = Register(connection, count).rows()
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            _into_postgresql(connection, rows)
        else:
            _into_sqlite(connection, rows)
    # What autovacuum does by itself on a server that is left alone for a minute; SQLite is told on purpose.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if engine.dialect.name == "postgresql" else "ANALYZE")
    return int(rows.tables[Distributor][0]["id"])


def _into_sqlite(connection: Connection, rows: Rows) -> None:
    for model, values in rows.tables.items():
        for start in range(0, len(values), _BATCH):
            connection.execute(sa.insert(model.__table__), values[start : start + _BATCH])
    for start in range(0, len(rows.tokens), _BATCH):
        connection.execute(
            sa.text("INSERT INTO distributor_search (rowid, tokens) VALUES (:id, :tokens)"),
            rows.tokens[start : start + _BATCH],
        )


def _into_postgresql(connection: Connection, rows: Rows) -> None:
    cursor = connection.connection.cursor()
    for model, values in rows.tables.items():
        table, columns = model.__tablename__, list(values[0])
        # COPY knows nothing of them, and a column left empty may send the portal to look through every row.
        forgotten = [one.name for one in model.__table__.columns if one.default and one.name not in columns]
        if forgotten:
            raise ValueError(f"{table}: {', '.join(forgotten)} must be given")
        with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in values:
                copy.write_row([_copied(row[column]) for column in columns])
        connection.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
        )
    for start in range(0, len(rows.tokens), _BATCH):
        some = rows.tokens[start : start + _BATCH]
        connection.execute(
            sa.text(
                "INSERT INTO distributor_search (id, tokens) SELECT id, to_tsvector('simple', words) "
                "FROM unnest(CAST(:ids AS bigint[]), CAST(:words AS text[])) AS given(id, words)"
            ),
            {"ids": [one["id"] for one in some], "words": [one["tokens"] for one in some]},
        )


def _copied(value: Any) -> Any:
    """The value as COPY takes it."""
    if isinstance(value, StrEnum):
        return value.value
    return json.dumps(value) if isinstance(value, dict) else value
