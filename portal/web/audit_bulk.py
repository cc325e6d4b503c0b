"""What a batch's changes said before and after, as the audit trail tells it: term by term."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.domain.money import figures
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.papers.values import percent
from portal.domain.price_protection.batches.changes import How
from portal.domain.price_protection.models import PriceKind
from portal.web.words import word

_TERMS: dict[str, object] = {
    "template": _l("Template"),
    "effective_on": _l("First day"),
    "expires_on": _l("Last day"),
    "rebate_ppm": _l("Rebate rate"),
    "rebate_add_ppm": _l("Rebate rate up or down"),
    "base_share": _l("Base share of the rebate"),
    "award_ppm": _l("Award to the reporter"),
    "prices": _l("Prices"),
}
_RATES = ("rebate_ppm", "award_ppm")


def bulk_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """(term, before, after) of all that the two say differently; what neither says is no line."""
    first, then = dict(_lines(before)), dict(_lines(after))
    return tuple(
        (term, first.get(term, "—"), then.get(term, "—"))
        for term in {**first, **then}
        if first.get(term) != then.get(term)
    )


def _lines(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, label in _TERMS.items():
        if name in said:
            yield str(label), _value(name, said[name])
    for name, value in said.get("values", {}).items():
        placeholder = PLACEHOLDERS.get(name)
        yield (_(placeholder.label) if placeholder else name), str(value)
    for kind, share in said.get("shares", {}).items():
        yield _("Share for “%(kind)s” (%%)", kind=kind), percent(share)


def _value(name: str, value: Any) -> str:
    if name == "prices":
        return _(", ").join(_rule(*rule) for rule in value)
    if name == "rebate_add_ppm":
        return f"{'+' if value > 0 else '−'}{percent(abs(value))}"
    return percent(value) if name in _RATES else str(value)


def _rule(how: str, value: int, step_fen: int, product_id: int | None, kind: str | None) -> str:
    which = [_("product no. %(id)s", id=product_id) if product_id else _("All products")]
    which += [word(PriceKind(kind))] if kind else []
    match How(how):
        case How.PERCENT:
            change = f"{'+' if value > 0 else '−'}{percent(abs(value))}"
            said = _("%(percent)s, rounded to steps of %(step)s", percent=change, step=figures(step_fen))
        case How.DIFFERENCE:
            said = f"{'+' if value > 0 else '−'}¥{figures(abs(value))}"
        case How.AMOUNT:
            said = figures(value)
        case How.PROPOSED:
            said = _("The product's default price")
        case How.DROPPED:
            said = _("No longer agreed")
    return f"{' '.join(which)} {said}"
