"""What is checked before an agreement is printed for signature, and before a template is released.

Shares, rates, the worked example and formal numerals need no check: they are computed from what is stored and
never stored themselves.
"""

import re
from collections.abc import Collection, Iterator
from datetime import date

from portal.domain.errors import DomainError
from portal.domain.i18n import N_, Msgid
from portal.domain.papers.agreement import AgreementPaperData, agreement_holes
from portal.domain.papers.fill import NEVER_EMPTY, is_empty, placeholder
from portal.domain.papers.model import Paper, plain
from portal.domain.papers.registry import BINDING_PRICE_KINDS, PLACEHOLDERS
from portal.domain.papers.values import Day, Raw, Text

# The two parts that price.approval is made of; together they stay within its 60 characters.
_APPROVAL = {
    "approval_number": (N_("Number of the legal approval"), Text(40)),
    "approval_expires_on": (N_("Last day of the legal approval"), Day()),
}
_CLAUSE_REFERENCE = re.compile(r"第(\d+\.\d+)款")
_ARTICLE_REFERENCE = re.compile(r"第([一二三四五六七八九十]+)条")
_ENGLISH_REFERENCE = re.compile(r"\bArticles? ((?:\d+(?:\.\d+)?)(?:(?:, | and )\d+(?:\.\d+)?)*)")


def check_agreement(paper: Paper, payload: AgreementPaperData) -> list[DomainError]:
    """List all that keeps the paper from being printed for signature; each names its field and row."""
    return [
        *_missing(paper, payload),
        *_ill_formed(payload),
        *_inconsistent(payload),
        *_annex_1(payload),
        *_annex_2(paper, payload),
    ]


def check_template(paper: Paper) -> list[DomainError]:
    """List what a template refers to and does not have: placeholders, clauses, articles.

    For papers that refer to their own clauses only, which the agreement in its three versions does.
    """
    found = [
        DomainError("The template has a placeholder that is not known: %(name)s", name=name)
        for name in paper.placeholders()
        if name not in PLACEHOLDERS
    ]
    clauses = set(paper.clauses())
    articles = {
        number for section in paper.sections if (number := article_number(plain(section.heading))) is not None
    }
    for line in paper.lines():
        found += [
            DomainError("The template refers to %(reference)s, which it does not have.", reference=reference)
            for reference in dangling(plain(line), clauses, articles)
        ]
    return found


def article_number(heading: str) -> str | None:
    """The numeral of an article by its heading: 三 for 第三条; None for a heading without one."""
    match = _ARTICLE_REFERENCE.match(heading)
    return match[1] if match else None


def dangling(text: str, clauses: Collection[str], articles: Collection[str]) -> list[str]:
    """What a line refers to and the paper does not have: 第2.2款, 第三条, Article 2.2."""
    numbers = {clause.split(".")[0] for clause in clauses} | set(clauses)
    found = [f"第{number}款" for number in _CLAUSE_REFERENCE.findall(text) if number not in clauses]
    found += [f"第{number}条" for number in _ARTICLE_REFERENCE.findall(text) if number not in articles]
    for listed in _ENGLISH_REFERENCE.findall(text):
        found += [
            f"Article {number}" for number in re.findall(r"[\d.]+\d|\d", listed) if number not in numbers
        ]
    return found


def _missing(paper: Paper, payload: AgreementPaperData) -> Iterator[DomainError]:
    for hole in agreement_holes(paper, payload):
        label = Msgid(hole.label)
        if hole.row is None:
            yield DomainError("%(label)s is missing.", field=hole.name, label=label)
        else:
            yield DomainError(
                "Row %(row)s: %(label)s is missing.", field=hole.name, row=hole.row, label=label
            )
    for name, rows in (("price", payload["prices"]), ("violation", payload["violations"])):
        if name in paper.row_lists() and not rows:
            yield DomainError(NEVER_EMPTY[name], field=name)


def _ill_formed(payload: AgreementPaperData) -> Iterator[DomainError]:
    """Find values that are there and are none: changed limits or an old register may hold such."""
    for name, raw in payload["values"].items():
        if name in PLACEHOLDERS and raw is not None and not is_empty(raw):
            yield from _refusal(name, raw)
    for name, rows in (("price", payload["prices"]), ("violation", payload["violations"])):
        for number, row in enumerate(rows, 1):
            for key, raw in row.items():
                entry = PLACEHOLDERS.get(f"{name}.{key}")
                if entry is not None and entry.is_input and raw is not None and not is_empty(raw):
                    yield from _refusal(entry.name, raw, number)


def _refusal(name: str, raw: Raw, row: int | None = None) -> Iterator[DomainError]:
    try:
        placeholder(name).validate(raw)
    except DomainError as error:
        yield DomainError(error.msgid, field=name, **({**error.params, "row": row} if row else error.params))


def _inconsistent(payload: AgreementPaperData) -> Iterator[DomainError]:
    """Find what each value allows and all together do not."""
    values = payload["values"]
    first, last = values.get("effective_on"), values.get("expires_on")
    if isinstance(first, str) and isinstance(last, str) and first and last and first >= last:
        yield DomainError("The last day must be after the first day.", field="expires_on")
    copies = values.get("copies_total")
    if isinstance(copies, int) and copies % 2:
        yield DomainError("The number of copies is even: each party keeps as many.", field="copies_total")
    statement, release = values.get("statement_days"), values.get("release_days")
    if isinstance(statement, int) and isinstance(release, int) and statement > release:
        yield DomainError(
            "The statement is due no later than the release of the fund.", field="statement_days"
        )
    code = values.get("distributor_uscc")
    if not is_empty(code) and code == values.get("manufacturer_uscc"):
        yield DomainError("Both parties have the same credit code.", field="distributor_uscc")


def _annex_1(payload: AgreementPaperData) -> Iterator[DomainError]:
    """Check the approvals (2.2, P8), and that no product has two prices of one kind."""
    seen: set[tuple[Raw | None, Raw | None]] = set()
    for number, row in enumerate(payload["prices"], 1):
        for key, (label, kind) in _APPROVAL.items():
            raw = row.get(key)
            if raw is not None and not is_empty(raw):
                try:
                    kind.accept(raw, Msgid(label))
                except DomainError as error:
                    yield DomainError(error.msgid, field="price.approval", **{**error.params, "row": number})
        if row.get("kind") in BINDING_PRICE_KINDS and not _is_approved(row, payload):
            yield DomainError(
                "Row %(row)s: no approval of counsel covers this kind of price of %(product)s "
                "on the first day.",
                field="price.approval",
                row=number,
                product=row.get("product_name"),
            )
        product_and_kind = (row.get("product_code"), row.get("kind"))
        if product_and_kind in seen and not is_empty(row.get("product_code")):
            yield DomainError(
                "Row %(row)s: %(product)s is in annex 1 twice with the same kind of price.",
                field="price.product_code",
                row=number,
                product=row.get("product_name"),
            )
        seen.add(product_and_kind)


def _annex_2(paper: Paper, payload: AgreementPaperData) -> Iterator[DomainError]:
    """Check that no kind stands there twice, and that those that need an approved price have one."""
    needing = {row.code for row in paper.library if row.needs_approval}
    has_approved = any(
        row.get("kind") in BINDING_PRICE_KINDS and _is_approved(row, payload) for row in payload["prices"]
    )
    seen: set[Raw | None] = set()
    for number, row in enumerate(payload["violations"], 1):
        kind = row.get("kind")
        if (row.get("needs_approval") or row.get("code") in needing) and not has_approved:
            yield DomainError(
                "%(kind)s can be agreed only with a price that counsel approved.",
                field="violation.kind",
                kind=kind,
            )
        if kind in seen and not is_empty(kind):
            yield DomainError(
                "Row %(row)s: %(kind)s is in annex 2 twice.",
                field="violation.kind",
                row=number,
                kind=kind,
            )
        seen.add(kind)


def _is_approved(row: dict[str, Raw | None], payload: AgreementPaperData) -> bool:
    """Say whether an approval covers the price on the first day of the agreement."""
    expires_on, first = row.get("approval_expires_on"), payload["values"].get("effective_on")
    if is_empty(row.get("approval_number")) or is_empty(expires_on):
        return False
    try:
        last_day = date.fromisoformat(str(expires_on))
        return is_empty(first) or last_day >= date.fromisoformat(str(first))
    except ValueError:
        return False
