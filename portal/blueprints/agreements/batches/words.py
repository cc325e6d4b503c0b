"""A batch in words: where its rows stand, what differs in them, what changes in all."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from markupsafe import Markup

from portal.blueprints.agreements.batches import bp
from portal.blueprints.agreements.batches.forms import HOWS, shown_ppm
from portal.blueprints.agreements.differences import shown
from portal.domain.errors import DomainError
from portal.domain.i18n import Msgid
from portal.domain.money import figures
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.papers.values import percent
from portal.domain.price_protection import queries, texts
from portal.domain.price_protection.batches import moves
from portal.domain.price_protection.batches.changes import Changes, How, PriceRule
from portal.domain.price_protection.batches.queries import Stage
from portal.domain.price_protection.batches.reckoning import problem_of
from portal.domain.price_protection.models import PriceKind
from portal.domain.price_protection.problems import Problem
from portal.extensions import db
from portal.web.htmx import say
from portal.web.template_words import name_of, names_of
from portal.web.words import badge_of, word

STAGES = {
    Stage.LEFT_OUT: (_l("Left out"), ""),
    Stage.UNCHECKED: (_l("To be checked"), ""),
    Stage.BLOCKED: (_l("No draft possible"), "bad"),
    Stage.HOLES: (_l("Something is missing"), "warn"),
    Stage.READY: (_l("Ready to draft"), "ok"),
    Stage.DRAFTED: (_l("Drafted, complete"), "ok"),
    Stage.SENT_BACK: (_l("Sent back"), "warn"),
    Stage.SUBMITTED: (_l("Awaiting approval"), "wait"),
    Stage.APPROVED: (_l("Approved"), "ok"),
    Stage.DONE: (_l("Signed"), "ok"),
    Stage.VOID: (_l("Void"), "bad"),
}

Triple = Sequence[Any]


@bp.app_template_global("row_badge")
def row_badge(stage: str) -> Markup:
    """Where a row stands, as a badge."""
    said, tone = STAGES[Stage(stage)]
    return badge_of(str(said), tone)


def stage_word(stage: str) -> str:
    """Where a row stands, in words."""
    return str(STAGES[Stage(stage)][0])


@dataclass(frozen=True)
class Said:
    """A difference in words."""

    label: str
    before: str
    after: str


class Namer:
    """Puts differences into words; names of products, templates and violations are asked for once a page."""

    def __init__(self, differences: Iterable[Triple]) -> None:
        said = list(differences)
        keys = {key for key, *_rest in said}
        self.products = queries.product_names(
            db.session, {int(key.split()[1]) for key in keys if _is(key, "price")}
        )
        self.templates: dict[int, str] = {}
        if "template_id" in keys:
            named = {id for key, *both in said for id in both if key == "template_id" and id}
            self.templates = names_of(db.session, named)
        self.kinds: dict[str, str] = {}
        if any(_is(key, "violation") for key in keys):
            self.kinds = violation_kinds()

    def label(self, key: str) -> str:
        """What a difference is about."""
        if key in _PLAIN:
            return str(_PLAIN[key])
        place, name = key.split(" ", 1)
        if place == "price":
            product, kind = name.split()
            return _(
                "%(product)s, %(kind)s",
                product=self.products.get(int(product), "—"),
                kind=word(PriceKind(kind)),
            )
        if place == "violation":
            return self.kinds.get(name, name)
        entry = PLACEHOLDERS.get(name)
        return _(entry.label) if entry else name

    def value(self, key: str, value: Any) -> str:
        """One side of a difference."""
        if value is None or value == "":
            return "—"
        if key == "template_id":
            return self.templates.get(value, f"#{value}")
        if key == "rebate_ppm":
            return percent(value, 2) if value else "—"
        if key == "award_ppm" or _is(key, "violation"):
            return percent(value)
        if _is(key, "price"):
            return figures(value) if value else "—"
        if _is(key, "value"):
            return shown(key.split(" ", 1)[1], value)
        return str(value)

    def said(self, differences: Iterable[Triple]) -> list[Said]:
        """Differences in words, in their order."""
        return [
            Said(self.label(key), self.value(key, before), self.value(key, after))
            for key, before, after in differences
        ]


_PLAIN = {
    "template_id": _l("Template"),
    "effective_on": _l("First day"),
    "expires_on": _l("Last day"),
    "rebate_ppm": _l("Rebate rate"),
    "base_share": _l("Base share of the rebate"),
    "award_ppm": _l("Award to the reporter"),
}


def _is(key: str, place: str) -> bool:
    return key.startswith(place + " ")


def violation_kinds() -> dict[str, str]:
    """The kinds of violation that agreements may name, in counsel's words, by code."""
    found: dict[str, str] = {}
    for edition in texts.agreement_editions(db.session):
        for row in edition.paper.library:
            found.setdefault(row.code, row.kind)
    return found


# The kinds of differences in the order of the form: title, and whether a key belongs.
_GROUPS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (_l("Template"), ("template_id",)),
    (_l("Period"), ("effective_on", "expires_on")),
    (_l("Rebate"), ("rebate_ppm", "base_share", "award_ppm")),
    (_l("Products and prices"), ("price",)),
    (_l("Violations"), ("violation",)),
    (_l("Other terms"), ("value",)),
)
GROUP_SHOWN = 12


@dataclass(frozen=True)
class Line:
    """A difference that so many agreements share."""

    label: str
    before: str
    after: str
    count: int


@dataclass(frozen=True)
class Group:
    """Differences of one kind: the most frequent, how many agreements have any, how many lines are not shown."""

    title: str
    lines: list[Line]
    agreements: int
    more: int


def grouped(facts: Iterable[Mapping[str, Any]]) -> list[Group]:
    """The differences of many rows by kind, the most frequent of each first."""
    counts: Counter[tuple[str, Any, Any]] = Counter()
    having: Counter[str] = Counter()
    for said in facts:
        places = set()
        for key, before, after in said.get("differences", ()):
            counts[key, _hashable(before), _hashable(after)] += 1
            places.add(key.split(" ")[0])
        having.update({str(title) for title, names in _GROUPS if places.intersection(names)})
    shown_lines = []
    for title, names in _GROUPS:
        lines = [entry for entry in counts.most_common() if entry[0][0].split(" ")[0] in names]
        if lines:
            shown_lines.append((str(title), lines))
    namer = Namer([entry[0] for _title, lines in shown_lines for entry in lines[:GROUP_SHOWN]])
    return [
        Group(
            title,
            [
                Line(namer.label(key), namer.value(key, before), namer.value(key, after), count)
                for (key, before, after), count in lines[:GROUP_SHOWN]
            ],
            having[title],
            max(0, len(lines) - GROUP_SHOWN),
        )
        for title, lines in shown_lines
    ]


def _hashable(value: Any) -> Any:
    return str(value) if isinstance(value, list | dict) else value


@dataclass(frozen=True)
class Totals:
    """What a list comes to: price rows that moved and by how much in the middle, and the rates from and to."""

    prices: int
    average: str | None
    rates: tuple[int, int] | None


def totals(facts: Iterable[Mapping[str, Any]]) -> Totals:
    """The figures over many rows; the average is of the moves of prices that both years name."""
    prices, moves, rates = 0, [], []
    for said in facts:
        for key, before, after in said.get("differences", ()):
            if _is(key, "price"):
                prices += 1
                if before and after:
                    moves.append((after - before) * 1_000_000 // before)
            elif key == "rebate_ppm" and after:
                rates.append(after)
    average = sum(moves) // len(moves) // 100 * 100 if moves else None  # 0.01 % is enough to see
    return Totals(
        prices,
        None if average is None else f"{shown_ppm(average)}%",
        (min(rates), max(rates)) if rates else None,
    )


@dataclass(frozen=True)
class MoveSaid:
    """The largest move of its kind in words, and the row that has it."""

    said: Said
    share: str
    rises: bool
    row_id: int
    rows: int


def moves_said(facts: Iterable[tuple[int, Mapping[str, Any]]]) -> list[MoveSaid]:
    """The largest rise and the largest fall of prices and rates over many rows, each with one row that has it."""
    found = moves.largest(facts)
    triples = [(move.key, move.before, move.after) for move in found]
    return [
        MoveSaid(said, f"{float(move.share * 100):+,.1f}%", move.share > 0, move.row_id, move.rows)
        for move, said in zip(found, Namer(triples).said(triples), strict=True)
    ]


def own_terms_said(rows: Iterable[Any]) -> dict[int, str]:
    """What each of these rows says otherwise than its batch, named in a line, by the row's id."""
    rows = list(rows)
    own = {row.id: [triple for triple in row.facts.get("unusual", ())] for row in rows}
    namer = Namer([triple for triples in own.values() for triple in triples])
    return {
        id: _(", ").join(
            [
                *(namer.label(key) for key, *_rest in triples[:OWN_SHOWN]),
                *([ngettext("and %(num)s more", "and %(num)s more", more)] if more > 0 else []),
            ]
        )
        for id, triples in own.items()
        for more in (len(triples) - OWN_SHOWN,)
    }


OWN_SHOWN = 3


@dataclass(frozen=True)
class RowSaid:
    """What a row of the list says: its differences, what is unusual in it, what is to be done."""

    differences: list[Said]
    more: int
    unusual: frozenset[str]
    problems: list[Problem]
    refusal: str


def row_differences(facts: Mapping[str, Any]) -> list[tuple[Said, bool]]:
    """All differences of one row in words, each with whether only this row has it."""
    differences = facts.get("differences", ())
    unusual = {key for key, *_rest in facts.get("unusual", ())}
    namer = Namer(differences)
    return [
        (said, triple[0] in unusual)
        for triple, said in zip(differences, namer.said(differences), strict=True)
    ]


def _is_moved_price(triple: Triple) -> bool:
    key, before, after = triple
    return _is(key, "price") and bool(before and after)


def _moves_said(moved: Sequence[Triple]) -> Said:
    """Prices that moved as the batch says, in one line: the row's own page names each."""
    moves = [Decimal(after * 100) / before - 100 for _key, before, after in moved]
    low, high = (f"{move:+.1f}%" for move in (min(moves), max(moves)))
    return Said(
        ngettext("%(num)s price", "%(num)s prices", len(moved)),
        "",
        low if low == high else _("%(low)s to %(high)s", low=low, high=high),
    )


ROW_SHOWN = 4
_PERIOD = ("effective_on", "expires_on")


def rows_said(rows: Sequence[Any]) -> dict[int, RowSaid]:
    """The rows of a page in words, by id; what is unusual in a row comes first."""
    namer = Namer([triple for row in rows for triple in row.facts.get("differences", ())])
    found = {}
    for row in rows:
        unusual = {key for key, *_rest in row.facts.get("unusual", ())}
        # The period changes in every row and says the least.
        differences = sorted(
            row.facts.get("differences", ()),
            key=lambda triple: (triple[0] not in unusual, triple[0] in _PERIOD),
        )
        moved = [triple for triple in differences if _is_moved_price(triple) and triple[0] not in unusual]
        summary = [_moves_said(moved)] if len(moved) > 1 else []
        days = [triple for triple in differences if triple[0] in _PERIOD and triple[0] not in unusual]
        if len(days) > 1:
            last_line = [Said(_("Period"), "", _("%(first)s to %(last)s", first=days[0][2], last=days[1][2]))]
        else:
            last_line, days = [], []
        said_already = [*(moved if summary else ()), *days]
        differences = [triple for triple in differences if triple not in said_already]
        found[row.id] = RowSaid(
            [*summary, *namer.said(differences[:ROW_SHOWN]), *last_line],
            max(0, len(differences) - ROW_SHOWN),
            frozenset(namer.label(key) for key, *_rest in differences[:ROW_SHOWN] if key in unusual),
            [problem_of(said) for name in ("problems", "notices") for said in row.facts.get(name, ())],
            refusal_said(row.refusal),
        )
    return found


def refusal_said(refusal: Mapping[str, Any]) -> str:
    """Why a row's last deed was refused; empty when it was not."""
    if not refusal:
        return ""
    params = {name: Msgid(value) if value else value for name, value in refusal.get("params", {}).items()}
    msgid = refusal["msgid"]  # in the call itself it would be taken for a message
    return say(DomainError(msgid, **params))


def changes_said(changes: Changes) -> list[tuple[str, str]]:
    """What changes in all agreements: label and words."""
    said: list[tuple[str, str]] = []
    if changes.template:
        key, _at, version = changes.template.partition("@")
        edition = texts.agreement_edition(db.session, key, version)
        said.append((_("Template"), name_of(edition) if edition is not None else f"{key} {version}"))
    if changes.effective_on:
        said.append((_("First day"), changes.effective_on.isoformat()))
    if changes.expires_on:
        said.append((_("Last day"), changes.expires_on.isoformat()))
    if changes.rebate_ppm is not None:
        said.append((_("Rebate rate"), percent(changes.rebate_ppm, 2)))
    if changes.rebate_add_ppm is not None:
        said.append(
            (_("Rebate rate"), _("%(points)s percentage points", points=shown_ppm(changes.rebate_add_ppm)))
        )
    if changes.base_share is not None:
        said.append((_("Base share of the rebate"), str(changes.base_share)))
    if changes.award_ppm is not None:
        said.append((_("Award to the reporter"), percent(changes.award_ppm)))
    ids = [rule.product_id for rule in changes.prices if rule.product_id is not None]
    names = queries.product_names(db.session, ids) if ids else {}
    said += [(_rule_label(rule, names), _rule_said(rule)) for rule in changes.prices]
    kinds = violation_kinds() if changes.shares else {}
    said += [(kinds.get(code, code), percent(share)) for code, share in changes.shares.items()]
    said += [(_(PLACEHOLDERS[name].label), shown(name, value)) for name, value in changes.values.items()]
    return said


def _rule_label(rule: PriceRule, names: Mapping[int, str]) -> str:
    product = names.get(rule.product_id, "—") if rule.product_id is not None else _("All products")
    kind = word(rule.kind) if rule.kind is not None else _("All kinds")
    return _("%(product)s, %(kind)s", product=product, kind=kind)


def _rule_said(rule: PriceRule) -> str:
    if rule.how is How.AMOUNT:
        return figures(rule.value)
    if rule.how is How.DIFFERENCE:
        return f"{'+' if rule.value > 0 else '−'}¥{figures(abs(rule.value))}"
    if rule.how is How.PERCENT:
        return _(
            "%(percent)s%%, rounded to steps of %(step)s",
            percent=shown_ppm(rule.value),
            step=figures(rule.step_fen),
        )
    return str(HOWS[rule.how])


def problem_said(problem: Problem) -> str:
    """A problem in the user's language."""
    return say(DomainError(problem.msgid, **problem.params))
