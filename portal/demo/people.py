"""The demo's offices, users and company settings."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal.domain.access.roles import Role
from portal.domain.regions import services as regions
from portal.domain.regions.models import Region
from portal.domain.settings import services as settings
from portal.domain.users import services as users
from portal.domain.users.models import User

# code, name, code of the office above, place of signing, prefix of the area in credit codes
OFFICES = (
    ("EC", "华东大区", "HQ", "浙江省杭州市西湖区", "330100"),
    ("HZ", "杭州办事处", "EC", "浙江省杭州市西湖区", "330100"),
    ("NB", "宁波办事处", "EC", "浙江省宁波市海曙区", "330200"),
    ("SC", "华南大区", "HQ", "广东省广州市天河区", "440100"),
    ("GZ", "广州办事处", "SC", "广东省广州市天河区", "440100"),
    ("XM", "厦门办事处", "SC", "福建省厦门市思明区", "350200"),
    ("NC", "华北大区", "HQ", "天津市河西区", "120100"),
    ("TJ", "天津办事处", "NC", "天津市河西区", "120100"),
)


@dataclass(frozen=True)
class Person:
    """A demo user: sign-in name, name on screen, role, office."""

    username: str
    name: str
    role: Role
    office: str


PEOPLE = (
    Person("admin", "示例管理员", Role.ADMINISTRATOR, "HQ"),
    Person("director", "示例总监", Role.EXECUTIVE, "HQ"),
    Person("counsel", "示例法务", Role.COUNSEL, "HQ"),
    Person("counsel-2", "示例法务乙", Role.COUNSEL, "HQ"),
    Person("finance", "示例财务", Role.FINANCE, "HQ"),
    Person("auditor", "示例审计", Role.AUDITOR, "HQ"),
    Person("trainer", "示例培训师", Role.TRAINER, "HQ"),
    Person("investigator", "示例调查员", Role.INVESTIGATOR, "HQ"),
    Person("investigator-2", "示例调查员乙", Role.INVESTIGATOR, "HQ"),
    Person("manager-hz", "示例杭州经理", Role.REGIONAL_MANAGER, "EC"),
    Person("sales-hz", "示例杭州业务员", Role.SALESPERSON, "HZ"),
    Person("sales-nb", "示例宁波业务员", Role.SALESPERSON, "NB"),
    Person("manager-gz", "示例广州经理", Role.REGIONAL_MANAGER, "SC"),
    Person("sales-gz", "示例广州业务员", Role.SALESPERSON, "SC"),
    Person("manager-tj", "示例天津经理", Role.REGIONAL_MANAGER, "NC"),
    Person("sales-tj", "示例天津业务员", Role.SALESPERSON, "NC"),
)

COMPANY = {
    "manufacturer_name": "杭州示例日化有限公司",
    "manufacturer_name_en": "Hangzhou Example Daily Chemicals Co., Ltd.",
    "manufacturer_uscc": "91330100MA00EX1A2G",
    "manufacturer_legal_rep": "王示范",
    "manufacturer_address": "浙江省杭州市西湖区示例路1号",
    "manufacturer_contact": "张示例",
    "manufacturer_phone": "0571-55550101",
    "manufacturer_email": "contract@example.com",
    "reporting_channel": "电话0571-55550199或者邮箱report@example.com",
    "reporting_channel_en": "telephone 0571-55550199 or report@example.com",
    "appeal_body": "甲方总部合规委员会",
    "appeal_body_en": "the compliance committee at Party A’s head office",
    "unawarded_use": "经销商培训和市场维护",
    "unawarded_use_en": "distributor training and market upkeep",
    "compliance_channel": "邮箱compliance@example.com",
    "compliance_channel_en": "compliance@example.com",
    "dispute_resolution": "向被告住所地有管辖权的人民法院起诉",
    "dispute_resolution_en": "by action in the competent people’s court at the defendant’s domicile",
}


def load(session: Session, password_hash: str) -> tuple[dict[str, Region], dict[str, User]]:
    """Offices by code and users by sign-in name; the first user is the administrator."""
    offices = {"HQ": regions.head_office(session)}
    for code, name, above, place, _area in OFFICES:
        offices[code] = regions.add_region(
            session, code=code, name=name, parent=offices[above], signing_place=place
        )
    people = {
        person.username: users.add_user(
            session,
            username=person.username,
            name=person.name,
            password_hash=password_hash,
            grants=[(person.role, offices[person.office])],
            is_demo=True,
        )
        for person in PEOPLE
    }
    for no, person in enumerate(people.values(), 1):
        person.phone = users.phone_of(f"0571-555502{no:02d}")
    for keeper in (people["admin"], people["counsel"]):
        theirs = {
            key: value for key, value in COMPANY.items() if settings.may_change(keeper, settings.ENTRIES[key])
        }
        settings.change(session, keeper, offices["HQ"], theirs)
    return offices, people
