"""The data of a quarterly statement's paper (Q), and what must be true of it before it is printed (PLACEHOLDERS §5).

The payload is plain JSON and is frozen when the quarter is closed::

    {
      "values": {placeholder: stored value},
      "lines":  [{"on", "document", "kind", "amount_figures", "base_figures", "fund_figures",
                  "balance_figures", "source", "source_id"}],     # the last two lead to the books, unprinted
      "account": whether the second part 往来账 is printed,
    }
"""

import hashlib
from typing import TypedDict

from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.papers.agreement import canonical_json
from portal.domain.papers.fill import FilledPaper, fill
from portal.domain.papers.model import Paper
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.papers.registry_statement import BOUGHT, DEDUCTED, RELEASED, RESTORED, RETURNED
from portal.domain.papers.values import Raw

# The section id is option-account.
ACCOUNT = "account"


class StatementData(TypedDict):
    """The frozen payload of a statement: what is stored, hashed and handed to the printer."""

    values: dict[str, Raw | None]
    lines: list[dict[str, Raw | None]]
    account: bool


def statement_sha256(data: StatementData) -> str:
    """Hash the canonical text of the payload, in hexadecimal."""
    return hashlib.sha256(canonical_json(data)).hexdigest()


def account_closing(values: dict[str, Raw | None]) -> int:
    """期末应收 = opening + goods − returns − payments − rebates + other, in fen; never entered by anybody."""
    opening, goods, returns, payments, rebates, other = (
        int(values.get(f"account_{name}_figures") or 0)
        for name in ("opening", "goods", "returns", "payments", "rebates", "other")
    )
    return opening + goods - returns - payments - rebates + other


def fill_statement(paper: Paper, data: StatementData) -> FilledPaper:
    """Fill a statement's paper; a missing value, and sums that do not follow from one another, are refused."""
    check_statement(data)
    values: dict[str, Raw | None] = {
        name: raw for name, raw in data["values"].items() if name in PLACEHOLDERS
    }
    values |= {"template_id": paper.front.template, "template_version": paper.front.version}
    for name in ("closing", "release"):
        values[f"{name}_daxie"] = values.get(f"{name}_figures")
    options = {ACCOUNT} if data["account"] else set()
    if options:
        values["account_closing_figures"] = account_closing(values)
    else:
        # The part is not printed; its values are asked for with the rest of the text all the same.
        values |= {name: 0 for name in paper.placeholders() if name.startswith("account_")}
        values["account_other_note"] = ""
    return fill(paper, values, {"line": data["lines"]}, options=options)


def check_statement(data: StatementData) -> None:
    """Refuse a statement whose sums do not follow from its lines and from one another; that is our mistake."""
    values = data["values"]

    def sum_of(name: str) -> int:
        return int(values.get(f"{name}_figures") or 0)

    change = {kind: 0 for kind in (BOUGHT, RETURNED, RELEASED, DEDUCTED, RESTORED)}
    balance, base = sum_of("opening"), 0
    for line in data["lines"]:
        fund_fen = int(line["fund_figures"] or 0)
        balance += fund_fen
        base += int(line["base_figures"] or 0)
        change[str(line["kind"])] += fund_fen
        if balance != line["balance_figures"]:
            _refuse()
    closing = (
        sum_of("opening")
        + sum_of("accrued")
        - sum_of("reversed")
        - sum_of("forfeited")
        + sum_of("restored")
        - sum_of("released")
    )
    follows = (
        closing == sum_of("closing") == balance
        and change[BOUGHT] + change[RETURNED] == sum_of("accrued") - sum_of("reversed")
        and change[DEDUCTED] == -sum_of("forfeited")
        and change[RESTORED] == sum_of("restored")
        and change[RELEASED] == -sum_of("released")
        and base == sum_of("base_paid")
        and 0 <= sum_of("suspended") <= sum_of("closing")
    )
    if data["account"]:
        owed = account_closing(values)
        said = values.get("account_closing_figures")
        follows = follows and said in (None, owed) and sum_of("account_due") <= max(owed, 0)
    if not follows:
        _refuse()


def _refuse() -> None:
    raise DomainError(
        N_(
            "The sums of the statement do not follow from its lines. Have the books examined before you print it."
        )
    )
