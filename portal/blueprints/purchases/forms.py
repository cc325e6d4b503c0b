"""Forms for entering purchases and returns."""

from functools import partial
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import FieldList, Form, FormField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from portal.domain.price_protection.purchases import reading
from portal.web.fields import AmountField, DateOnField, LineField, LinesField, Understood
from portal.web.tables import as_id

FIRST_ROWS = 3


class LineNoField(Understood):
    """The number of a line within its document."""

    read = staticmethod(reading.line_no)


class QuantityField(Understood):
    """A quantity, in thousandths of the product's unit."""

    read = staticmethod(reading.quantity_milli)

    def show(self, value: int) -> str:
        """120, 12.5."""
        return f"{value // 1000}.{value % 1000:03d}".rstrip("0").rstrip(".")


class YuanField(AmountField):
    """A sum in yuan, without a currency sign: what is in another currency is no purchase of ours."""

    read = staticmethod(partial(reading.bare_amount_fen, is_signed=False))


class LineRow(Form):
    """A line of the document; one without product, amount and quantity is passed over."""

    line_no = LineNoField(_l("Line"))
    # Which products there are is the desk's to say, in words.
    product_id = SelectField(_l("Product"), coerce=lambda value: as_id(str(value)), validate_choice=False)
    quantity = QuantityField(_l("Quantity"))
    amount = YuanField(_l("Amount (yuan)"))
    codes = LineField(_l("Batch or box codes"))

    @property
    def is_blank(self) -> bool:
        """Whether nothing was entered in it."""
        return not (
            self.product_id.data
            or self.codes.data
            or any(field.raw_data and field.raw_data[0].strip() for field in (self.quantity, self.amount))
        )


class PurchaseForm(FlaskForm):
    """A document with its lines."""

    document_number = LineField(
        _l("Document number"), [InputRequired(_l("Enter the number of the document."))]
    )
    purchased_on = DateOnField(_l("Date of purchase"), [InputRequired(_l("Enter the date."))])
    note = LineField(_l("Note"))
    lines = FieldList(FormField(LineRow), max_entries=100)

    def offer(self, products: list[tuple[int, str]]) -> None:
        """Fill in the products, and empty lines to begin with; new lines are numbered on."""
        while len(self.lines) < (1 if self.is_submitted() else FIRST_ROWS):
            self.add_line()
        for row in self.lines:
            row.product_id.choices = [
                SelectChoice("", "—"),
                *(SelectChoice(id_, text) for id_, text in products),
            ]

    def add_line(self) -> None:
        """An empty line with the next number."""
        numbers = [row.line_no.data or 0 for row in self.lines]
        self.lines.append_entry({"line_no": max(numbers, default=0) + 1})

    def remove_line(self, place: int) -> None:
        """Take a line out."""
        kept: list[dict[str, Any]] = [row.form.data for no, row in enumerate(self.lines) if no != place]
        while self.lines.entries:
            self.lines.pop_entry()
        for data in kept:
            self.lines.append_entry(data)


class ReturnForm(FlaskForm):
    """Goods of a line come back; the amount is typed without its sign."""

    document_number = LineField(
        _l("Number of the return document"), [InputRequired(_l("Enter the number of the document."))]
    )
    line_no = LineNoField(_l("Line"), [InputRequired(_l("Enter the number of the line."))])
    purchased_on = DateOnField(_l("Date of return"), [InputRequired(_l("Enter the date."))])
    amount = YuanField(_l("Amount returned (yuan)"), [InputRequired(_l("Enter the amount."))])
    quantity = QuantityField(_l("Quantity"))
    codes = LinesField(_l("Batch or box codes"))
    note = LineField(_l("Note"))
