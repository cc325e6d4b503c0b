"""The form in which many originals are asked for on paper."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField

from portal.blueprints.agreements.forms import PrintForm
from portal.domain.price_protection.mailing import Form


class PrintManyForm(PrintForm):
    """How many originals come out at once; `seen` is how many the page showed."""

    seen = HiddenField()
    form = RadioField(
        _l("Output"),
        choices=[
            (Form.PDF.value, _l("One PDF in mailing order, to be printed in one go")),
            (Form.ZIP.value, _l("Single PDF files in a ZIP, named in mailing order")),
        ],
    )
    has_list = BooleanField(_l("Covering list for the post in front"))
    repeats = BooleanField(_l("Put all copies into the file, those of one original together"))
    fills_sheets = BooleanField(_l("Printed on both sides: each original begins on a new sheet"))
