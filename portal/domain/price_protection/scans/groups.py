"""What a pile brought of one paper: its pages in order, what is missing or doubled, and the one thing to be said."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from portal.domain.price_protection.closing.models import Verdict
from portal.domain.price_protection.models import BINDING, DeedStatus, Service, Status


class Outcome(StrEnum):
    """What a pile brought of one agreement, amendment, notice or statement."""

    FILED = "filed"
    READY = "ready"  # all pages of the paper in force are there
    INCOMPLETE = "incomplete"
    OLD_VERSION = "old_version"  # nothing but pages of a paper that was withdrawn or replaced
    NOT_BACK = "not_back"  # as the trail of the originals says (trail.out)
    UNSCANNED = "unscanned"  # signed or served and with us, but nobody has scanned it
    ELSEWHERE = "elsewhere"  # of an office that the viewer does not reach: its number and office, no more


class What(StrEnum):
    """Which kind of paper came back, in the order in which those of one agreement are filed."""

    AGREEMENT = "agreement"
    AMENDMENT = "amendment"
    NOTICE = "notice"
    STATEMENT = "statement"


FILING_ORDER = list(What)
# A paper of these is out, or back; what is a draft again, or void, has none in force.
_BINDING = {*BINDING, DeedStatus.APPROVED, DeedStatus.SIGNED, DeedStatus.SERVED}


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page of a paper, known by the paper's check code, where it lies, and whether somebody put it there."""

    mark_id: int
    page_id: int
    page_no: int
    code: str
    file_id: int
    file_no: int
    filename: str
    no: int
    quarter_turns: int
    pile_id: int
    is_here: bool  # in this pile, not in an earlier one
    is_reached: bool  # in a pile that the viewer sees
    is_placed: bool
    has_preview: bool


@dataclass(slots=True)
class Group:
    """What a pile knows of one paper; `pages` are those of the one in force, `code` is its code."""

    return_id: int
    what: What
    agreement_id: int
    deed_id: int | None
    number: str
    # None of a statement, which has none: it is out, or answered.
    status: Status | DeedStatus | None
    region: str
    distributor: str
    distributor_id: int
    owner_id: int
    owner: str
    is_due: bool
    has_scan: bool
    # For a notice the day of its service, for a statement that of its answer.
    signed_on: date | None
    own_signed_on: date | None
    served_how: Service | None
    served_note: str
    filed_at: datetime | None
    refusal: str
    refusal_params: dict[str, Any]
    is_reached: bool
    # Whether the viewer may file it: what is signed binds the company, a statement only tells what is.
    may_file: bool = False
    # Of a statement: its quarter, whether it has an account to answer to, what was answered, what the pile keeps.
    quarter: str = ""
    has_account: bool = False
    verdict: Verdict | None = None
    ticked: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    paper_no: int | None = None
    approved_at: datetime | None = None
    pages: int = 0
    # Of the original itself, however well it is scanned: is it out or home, since when is it out, how was it sent.
    is_out: bool = False
    is_home: bool = False
    out_since: date | None = None
    courier: str = ""
    tracking: str = ""
    leaves: list[Leaf] = field(default_factory=list)  # of the paper in force, in order
    old: list[Leaf] = field(default_factory=list)  # of withdrawn or replaced papers
    # Pages that it lacks and that lie here of another quarter's statement: that one's number, and the page.
    mixed_up: list[tuple[str, int]] = field(default_factory=list)

    @property
    def absent(self) -> list[int]:
        """The pages that nobody has seen yet."""
        seen = {leaf.page_no for leaf in self.leaves}
        return [number for number in range(1, self.pages + 1) if number not in seen]

    @property
    def missing(self) -> list[int]:
        """The pages without which it is not filed: of a notice the last one alone, on which its receipt is."""
        absent = self.absent
        return [number for number in absent if number == self.pages] if self.what is What.NOTICE else absent

    @property
    def doubled(self) -> list[int]:
        """The pages that lie in this pile more than once."""
        here = Counter(leaf.page_no for leaf in self.leaves if leaf.is_here)
        return sorted(number for number, count in here.items() if count > 1)

    @property
    def here(self) -> list[int]:
        """The pages that lie in this pile."""
        return sorted({leaf.page_no for leaf in self.leaves if leaf.is_here})

    @property
    def outcome(self) -> Outcome:
        """What is to be said of it, one thing only, so that the counts of a pile add up."""
        if not self.is_reached:
            return Outcome.ELSEWHERE
        if self.has_scan:
            return Outcome.FILED
        if self.is_binding and self.code and self.leaves:
            return Outcome.INCOMPLETE if self.missing else Outcome.READY
        if self.old:
            return Outcome.OLD_VERSION
        return Outcome.NOT_BACK if self.is_out else Outcome.UNSCANNED

    @property
    def is_binding(self) -> bool:
        """Whether its paper is out for signature, or came back."""
        return self.is_statement or self.status in _BINDING

    @property
    def is_statement(self) -> bool:
        """Whether it states a quarter's fund."""
        return self.what is What.STATEMENT

    @property
    def is_concluded(self) -> bool:
        """Whether it is signed, or a notice served, and still stands; a statement is neither."""
        return self.status in (Status.SIGNED, DeedStatus.SIGNED, DeedStatus.SERVED)

    @property
    def counts(self) -> bool:
        """Whether it is due back or was found; what became void meanwhile, or lay here by mistake, is neither.

        Nor is what was to come back and came into the office again unsigned: undelivered, or at the seal once more.
        """
        if self.outcome is Outcome.NOT_BACK:
            return self.is_due and self.is_binding
        if self.outcome is Outcome.UNSCANNED:
            return self.is_due and (self.is_concluded or self.is_home)
        return self.is_due or bool(self.old) or any(leaf.is_here for leaf in self.leaves)

    @property
    def is_to_sign(self) -> bool:
        """Whether filing it records its signing, so that the day is asked for."""
        return self.what in (What.AGREEMENT, What.AMENDMENT) and self.status in (
            Status.APPROVED,
            DeedStatus.APPROVED,
        )

    @property
    def is_to_serve(self) -> bool:
        """Whether filing it records the service of a notice, so that day and manner are asked for."""
        return self.what is What.NOTICE and self.status is DeedStatus.APPROVED

    def binding_order(self) -> list[Leaf]:
        """The pages as they are bound: one of each in order, then the doubled ones; a picture once only."""
        first: dict[int, Leaf] = {}
        spare: list[Leaf] = []
        for leaf in sorted(
            self.leaves, key=lambda leaf: (leaf.page_no, not leaf.is_here, leaf.file_no, leaf.no)
        ):
            if leaf.page_no in first:
                spare.append(leaf)
            else:
                first[leaf.page_no] = leaf
        order = {leaf.page_id: leaf for leaf in reversed([*first.values(), *spare])}
        return list(reversed(order.values()))
