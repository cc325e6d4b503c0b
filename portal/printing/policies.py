"""The papers of policies: the text, the sheet on which distributors sign for it, the list of who is to be briefed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any, TypeVar

from portal.db import CHINA
from portal.domain.meetings.models import Meeting
from portal.domain.meetings.policies.models import Policy, PolicyText
from portal.domain.papers.characters import with_lost_marked
from portal.printing import pool
from portal.printing.job import PrintJob
from portal.printing.listing import GENERATOR
from portal.printing.markup import ENVIRONMENT

Row = TypeVar("Row")


def written(on: date) -> str:
    """2026年7月1日."""
    return f"{on.year}年{on.month}月{on.day}日"


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """A version of a policy as plain data, which outlives the transaction it was read in."""

    number: str
    title: str
    office: str
    offices: str
    no: int
    lines: tuple[str, ...]
    effective: str
    is_released: bool
    is_withdrawn: bool
    presented: str


def policy_facts(policy: Policy, text: PolicyText) -> PolicyFacts:
    """Read what papers say of a policy."""
    on = policy.effective_on or text.wanted_on
    return PolicyFacts(
        number=policy.number,
        title=text.title,
        office=policy.region.name,
        offices="、".join(one.region.name for one in policy.scopes),
        no=text.no,
        lines=tuple(line for line in text.body.split("\n") if line.strip()),
        effective=written(on),
        is_released=policy.effective_on is not None and text.no == policy.text.no,
        is_withdrawn=policy.withdrawn_at is not None,
        presented=written(policy.presented_at.astimezone(CHINA).date()) if policy.presented_at else "",
    )


@dataclass(frozen=True, slots=True)
class Held:
    """The meeting at which a policy is signed for."""

    number: str
    title: str
    on: str
    place: str


def held_of(meeting: Meeting) -> Held:
    """Read what a sheet says of its meeting."""
    return Held(
        meeting.number, meeting.title, written(meeting.starts_at.astimezone(CHINA).date()), meeting.place
    )


@dataclass(frozen=True, slots=True)
class Signer:
    """A distributor that signs."""

    code: str
    company: str
    office: str


@dataclass(frozen=True, slots=True)
class Absentee:
    """A distributor that is to be briefed, by whom, and whom to ask for."""

    code: str
    company: str
    office: str
    owner: str
    contact: str
    phone: str


def text(policy: PolicyFacts, *, made_at: datetime) -> bytes:
    """Print the text. Outside any transaction."""
    return _printed("policy_text.html", "政策", policy, made_at=made_at)


def sign_sheet(policy: PolicyFacts, held: Held, rows: Sequence[Signer], *, made_at: datetime) -> bytes:
    """Print 政策签收表, office by office. Outside any transaction."""
    groups = _grouped(rows, lambda row: row.office)
    return _printed(
        "policy_sign.html", "政策签收表", policy, made_at=made_at, held=held, groups=groups, rows=rows
    )


def absentees(policy: PolicyFacts, rows: Sequence[Absentee], *, made_at: datetime) -> bytes:
    """Print 缺席传达名单, owner by owner. Outside any transaction."""
    groups = _grouped(rows, lambda row: f"{row.office}　负责人：{row.owner}")
    return _printed(
        "policy_absentees.html", "缺席传达名单", policy, made_at=made_at, groups=groups, rows=rows
    )


def _grouped(rows: Sequence[Row], head: Callable[[Row], str]) -> list[tuple[str, list[tuple[int, Row]]]]:
    """The rows under their heads, numbered through."""
    numbered = list(enumerate(rows, 1))
    return [(name, list(of)) for name, of in groupby(numbered, key=lambda one: head(one[1]))]


def _printed(template: str, title: str, policy: PolicyFacts, *, made_at: datetime, **said: Any) -> bytes:
    made_at = made_at.astimezone(UTC)
    html = ENVIRONMENT.get_template(template).render(
        title=title,
        policy=policy,
        generator=GENERATOR,
        made_at=made_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        printed_at=made_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M"),
        **said,
    )
    pdf, _pages = pool.render(
        PrintJob(
            html="\n".join(with_lost_marked(line) for line in html.split("\n")),
            styles=("paper", "meeting"),
            made_at=made_at,
            identifier=f"{title} {policy.number} {policy.no} {made_at.isoformat()}",
            attached=None,
            verify_url=None,
            is_small=False,
        )
    )
    return pdf
