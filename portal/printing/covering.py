"""交寄清单: what goes to the post with whom, in the order of the originals under it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from portal.db import CHINA
from portal.domain.papers.characters import with_lost_marked
from portal.domain.price_protection.letters import Addressed
from portal.domain.price_protection.trail.models import PaperKind
from portal.printing import pool
from portal.printing.agreement import GENERATOR
from portal.printing.job import PrintJob
from portal.printing.markup import ENVIRONMENT

# A list that is laid out as a whole takes memory by the row: a long one is laid out in parts that end with a page.
ROWS = 40
# What they are called on paper, whoever prints the list.
_KINDS = {
    PaperKind.AGREEMENT: "价格保护协议",
    PaperKind.AMENDMENT: "补充协议",
    PaperKind.NOTICE: "终止通知",
    PaperKind.STATEMENT: "基金对账单",
}


@dataclass(frozen=True, slots=True)
class _Row:
    no: int
    office: str
    number: str
    company: str
    address: str
    recipient: str
    phone: str
    pages: int


@dataclass(frozen=True, slots=True)
class _Office:
    name: str
    count: int
    goes_on: bool


def covering_list(
    letters: Sequence[Addressed], *, company: str, by: str, copies: int, made_at: datetime
) -> Iterator[bytes]:
    """Print the list, a part after another with the pages numbered on; letters that our fonts lack become 〓.

    Slow, so outside any transaction.
    """
    rows = [
        _Row(
            no,
            with_lost_marked(one.letter.office),
            with_lost_marked(one.letter.number),
            with_lost_marked(one.letter.company),
            with_lost_marked(one.address),
            with_lost_marked(one.recipient),
            with_lost_marked(one.phone),
            one.letter.pages,
        )
        for no, one in enumerate(letters, 1)
    ]
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.office] = counts.get(row.office, 0) + 1
    kinds = [
        (name, count)
        for kind, name in _KINDS.items()
        if (count := sum(one.letter.kind is kind for one in letters))
    ]
    printed_at = made_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
    parts, page = -(-len(rows) // ROWS), 0
    for part in range(parts):
        here = rows[part * ROWS : (part + 1) * ROWS]
        before = rows[part * ROWS - 1].office if part else None
        html = ENVIRONMENT.get_template("covering.html").render(
            title="交寄清单",
            generator=GENERATOR,
            company=with_lost_marked(company),
            by=with_lost_marked(by),
            copies=copies,
            count=len(rows),
            kinds=kinds,
            pages=copies * sum(row.pages for row in rows),
            printed_at=printed_at,
            made_at=made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            foot=f"交寄清单　{printed_at}",
            page=page + 1,
            first=part == 0,
            last=part == parts - 1,
            offices=[
                (_Office(office, counts[office], place == 0 and office == before), list(group))
                for place, (office, group) in enumerate(groupby(here, key=lambda row: row.office))
            ],
        )
        job = PrintJob(
            html=html,
            styles=("covering",),
            made_at=made_at.astimezone(UTC),
            identifier=f"covering {printed_at} {by} {len(rows)} {part}",
            attached=None,
            verify_url=None,
            is_small=False,
        )
        pdf, pages = pool.render(job)
        page += pages
        yield pdf
