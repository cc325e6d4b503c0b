"""Forms of products and of price approvals."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from portal.domain.price_protection.models import PriceKind, Product
from portal.domain.price_protection.products import ProductFacts
from portal.web.fields import AmountField, DateOnField, LineField
from portal.web.words import WORDS


class ProductForm(FlaskForm):
    """A product and its proposed prices; `version` is the one that the form showed."""

    version = HiddenField()
    code = LineField(_l("Product code"), [InputRequired(_l("Enter a code for the product."))])
    name = LineField(
        _l("Product name and specification"), [InputRequired(_l("Enter a name for the product."))]
    )
    unit = LineField(_l("Sales unit"), [InputRequired(_l("Enter the unit in which it is sold."))])
    name_en = LineField(_l("Product name in English"))
    price_suggested_retail = AmountField(WORDS[PriceKind.SUGGESTED_RETAIL])
    price_suggested_resale = AmountField(WORDS[PriceKind.SUGGESTED_RESALE])
    price_maximum_retail = AmountField(WORDS[PriceKind.MAXIMUM_RETAIL])
    price_minimum_resale = AmountField(WORDS[PriceKind.MINIMUM_RESALE])

    @classmethod
    def of(cls, product: Product) -> "ProductForm":
        """The form as the product stands."""
        prices = {f"price_{price.kind.value}": price.amount_fen for price in product.prices}
        return cls(formdata=None, obj=product, **prices)

    @property
    def facts(self) -> ProductFacts:
        """What was typed, as the domain takes it."""
        return ProductFacts(
            code=self.code.data or "",
            name=self.name.data or "",
            unit=self.unit.data or "",
            name_en=self.name_en.data or "",
            prices={kind: self[f"price_{kind.value}"].data for kind in PriceKind},
        )

    @property
    def seen_version(self) -> int:
        """The version that the form showed; none that exists when it was tampered with."""
        text = self.version.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1

    def differing(self, product: Product) -> list[tuple[str, str, str]]:
        """(label, typed here, saved meanwhile) of each field in which this form and the record differ."""
        saved = ProductForm.of(product)
        found = []
        for field in self:
            if field.name in ("version", "csrf_token"):
                continue
            here, there = str(field._value()).strip(), str(saved[field.name]._value())
            if here != there and (field.errors or field.data != saved[field.name].data):
                found.append((str(field.label.text), here, there))
        return found


class ApprovalForm(FlaskForm):
    """Counsel's approval of a binding price."""

    number = LineField(_l("Approval number"), [InputRequired(_l("Enter the number of the approval."))])
    kind = SelectField(
        _l("Kind of price"),
        choices=[SelectChoice(kind.value, WORDS[kind]) for kind in PriceKind if kind.needs_approval],
    )
    valid_from = DateOnField(_l("Valid from"), [InputRequired(_l("Enter the first day."))])
    valid_until = DateOnField(_l("Valid until"), [InputRequired(_l("Enter the last day."))])
    territory = LineField(_l("Territory covered"))
