"""The demo's distributors: fictional companies, each named an example, entered over the last years."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy.orm import Session
from stdnum.cn import uscc

from portal.db import CHINA, clock_at, today
from portal.demo.people import OFFICES
from portal.domain import text
from portal.domain.distributors import contacts, licences, services
from portal.domain.distributors.models import Channel, Distributor, Grade, Level, Standing
from portal.domain.regions.models import Region
from portal.domain.users.models import User

_DIGITS = "零一二三四五六七八九"
_TRADES = ("商贸", "日化", "百货", "便利连锁", "日用品", "供应链")
_AREAS = {
    "HZ": (("余杭区", "临平区"), ("西湖区", "拱墅区"), ("萧山区", "滨江区"), ("富阳区", "临安区")),
    "NB": (("海曙区", "江北区"), ("鄞州区", "奉化区")),
    "GZ": (("天河区", "越秀区"), ("番禺区", "南沙区"), ("白云区", "花都区")),
    "XM": (("思明区", "湖里区"), ("集美区", "同安区")),
    "TJ": (("河西区", "和平区"), ("西青区", "津南区")),
}
_CITIES = {
    "HZ": ("浙江省", "杭州市", "0571"),
    "NB": ("浙江省", "宁波市", "0574"),
    "GZ": ("广东省", "广州市", "020"),
    "XM": ("福建省", "厦门市", "0592"),
    "TJ": ("天津市", "天津市", "022"),
}
_OWNERS = {"HZ": "sales-hz", "NB": "sales-nb", "GZ": "sales-gz", "XM": "sales-gz", "TJ": "sales-tj"}
_TEMPERS = ("话少，看数字", "爱听实例", "重人情，先问家里", "急性子，先说结论")


@dataclass(frozen=True)
class Chain:
    """What hangs under one general distributor: so many second-tier ones, each with so many shops."""

    office: str
    second_tier: int
    shops: int


CHAINS = (
    Chain("HZ", 3, 2),
    Chain("HZ", 2, 2),
    Chain("HZ", 2, 0),
    Chain("HZ", 1, 1),
    Chain("NB", 2, 2),
    Chain("NB", 1, 0),
    Chain("GZ", 3, 1),
    Chain("GZ", 2, 0),
    Chain("GZ", 1, 0),
    Chain("XM", 2, 1),
    Chain("XM", 1, 0),
    Chain("TJ", 2, 1),
    Chain("TJ", 1, 0),
)


def chinese_number(number: int) -> str:
    """1 to 99 as one says it: 一, 十, 十二, 四十七."""
    tens, ones = divmod(number, 10)
    return ("" if tens < 2 else _DIGITS[tens]) + ("十" if tens else "") + (_DIGITS[ones] if ones else "")


def credit_code(area: str, number: int) -> str:
    """A credit code of the right form for a company that does not exist."""
    stem = f"91{area}MA00EX{number:03d}"
    return stem + uscc.calc_check_digit(stem)


class Register:
    """Writes the demo's distributors, numbering them as it goes."""

    def __init__(self, session: Session, offices: dict[str, Region], people: dict[str, User]) -> None:
        self._session = session
        self._offices = offices
        self._people = people
        self._areas = {code: area for code, _name, _above, _place, area in OFFICES}
        self.made: list[Distributor] = []
        self._today = today()

    def load(self) -> list[Distributor]:
        """Every chain from its general distributor down to its shops."""
        first_day = self._today - timedelta(days=900)
        for place, chain in enumerate(CHAINS):
            # Since before the first agreement, a chain every nine days.
            day = first_day + timedelta(days=9 * place)
            with clock_at(datetime.combine(day, time(10, 15), CHINA)):
                self._load_chain(chain, _AREAS[chain.office][place % len(_AREAS[chain.office])])
        return self.made

    def _load_chain(self, chain: Chain, territory: tuple[str, ...]) -> None:
        head = self._add(chain.office, Level.GENERAL, None, territory)
        for _second in range(chain.second_tier):
            middle = self._add(chain.office, Level.SECOND_TIER, head, territory[:1])
            for _shop in range(chain.shops):
                self._add(chain.office, Level.RETAILER, middle, territory[:1])

    def _add(
        self, office: str, level: Level, parent: Distributor | None, territory: tuple[str, ...]
    ) -> Distributor:
        number = len(self.made) + 1
        province, city, prefix = _CITIES[office]
        short = f"示例{chinese_number(number)}号"
        name = f"{short}{_TRADES[number % len(_TRADES)]}有限公司"
        is_complete = level is not Level.RETAILER and number % 7 != 0
        facts = {
            "name": name,
            "short_name": short,
            "level": level,
            "channel": Channel.DIRECT if level is Level.RETAILER else Channel.DISTRIBUTOR,
            "standing": self._standing(number),
            "region": self._offices[office],
            "owner": self._people[_OWNERS[office]],
            "parent": parent,
            "grade": self._grade(number, level),
            "territory": f"{city}{'、'.join(territory)}",
            "province": province,
            "city": city,
            "address": f"{province if province != city else ''}{city}{territory[0]}示例路{number}号",
            "phones": text.phones(
                f"{prefix}-5555{number:04d}" + (f"/5556{number:04d}" if number % 3 == 0 else "")
            ),
            "email": f"d{number:03d}@example.com" if number % 2 else "",
            "founded_on": date(2008 + number % 12, 1 + number % 12, 1 + number % 28),
            "staff": 4 + number % 23,
            "vehicles": 1 + number % 6,
            "outlets": 0 if level is Level.RETAILER else 20 + 3 * number,
            "brands": "虚构酱园、样本食品" if number % 4 == 0 else "样本日化",
        }
        if is_complete:
            facts |= {
                "uscc": credit_code(self._areas[office], number),
                "legal_rep": f"示例法人{number}",
                "bank_account_name": name,
                "bank_name": f"示例银行{city.removesuffix('市')}支行",
                "bank_account": f"6200000000{number:06d}",
                "credit_days": (0, 15, 30)[number % 3],
                "deposit_fen": 1_000_000 if level is Level.GENERAL else 0,
            }
        contact = {
            "name": f"示例联系人{number}",
            "title": "经理",
            "phone": f"138 0000 {number:04d}",
            "personality": _TEMPERS[number % len(_TEMPERS)],
        }
        distributor = services.create(
            self._session,
            self._people[_OWNERS[office]],
            facts,
            contact=contact if is_complete else None,
            accepted={made.id for made in self.made},
        )
        self.made.append(distributor)
        self._add_details(distributor, number)
        return distributor

    @staticmethod
    def _grade(number: int, level: Level) -> Grade | None:
        """Few are A, a general distributor is at least B, and some nobody has graded yet."""
        if number % 6 == 5:
            return None
        if level is Level.GENERAL:
            return Grade.A if number % 3 == 1 else Grade.B
        return Grade.B if level is Level.SECOND_TIER and number % 2 else Grade.C

    @staticmethod
    def _standing(number: int) -> Standing:
        return {5: Standing.SUSPENDED, 17: Standing.ELIMINATING, 23: Standing.PROSPECT}.get(
            number, Standing.ACTIVE
        )

    def _add_details(self, distributor: Distributor, number: int) -> None:
        if distributor.level is not Level.GENERAL:
            return
        owner = distributor.owner
        licences.add(
            self._session,
            owner,
            distributor,
            {
                "kind": "食品经营许可证",
                "number": f"JY1330100{number:07d}",
                "expires_on": self._today + timedelta(days=40 * number - 25),
            },
        )
        contacts.add(
            self._session,
            owner,
            distributor,
            {"name": f"示例财务{number}", "title": "财务", "phone": f"139 0000 {number:04d}"},
        )
