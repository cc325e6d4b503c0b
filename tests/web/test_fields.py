"""Fields take what people type, keep it when it is refused and say how it was read."""

from datetime import date

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import Form

from portal.web import fields


class Sample(Form):
    amount = fields.AmountField()
    rate = fields.RateField()
    count = fields.WholeField()
    day = fields.DateOnField()
    code = fields.UsccField()
    account = fields.BankAccountField()
    mail = fields.MailField()
    phones = fields.PhonesField()
    line = fields.LineField()


@pytest.fixture
def read(app):
    def read(**typed: str) -> Sample:
        with app.test_request_context("/", headers={"Accept-Language": "en"}):
            form = Sample(MultiDict(typed))
            form.validate()
            form.told = {field.name: field.understood for field in form}
            return form

    return read


@pytest.mark.parametrize(
    ("name", "typed", "value", "told"),
    [
        ("amount", "３８０万", 380_000_000, "Read as ¥3,800,000.00"),
        ("amount", "1,234.56", 123_456, ""),
        ("rate", "3", 30_000, ""),
        ("rate", "3.50 %", 35_000, "Read as 3.5%"),
        ("count", "１２ 人", 12, "Read as 12"),
        ("day", "2019年5月18日", date(2019, 5, 18), "Read as 2019-05-18"),
        ("day", "2019-05-18", date(2019, 5, 18), ""),
        ("code", "91330500 ma00ex3b4p", "91330500MA00EX3B4P", "Read as 91 330500 MA00 EX3B 4P"),
        ("account", "6200 0000 0000 0051", "6200000000000051", "Read as 6200 0000 0000 0051"),
        ("mail", "<a@example.com>", "a@example.com", "Read as a@example.com"),
        ("line", "  示例 　商贸 ", "示例 商贸", ""),
    ],
)
def test_what_was_typed_is_understood_and_told(read, name, typed, value, told):
    form = read(**{name: typed})
    assert form.errors == {}
    assert form[name].data == value
    assert form.told[name] == told


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("amount", "12.345"),
        ("rate", "0.03"),
        ("count", "1.5"),
        ("day", "2026-02-30"),
        ("code", "123"),
        ("account", "6.2E+18"),
    ],
)
def test_what_is_refused_stays_in_the_box_as_it_was_typed(read, name, typed):
    form = read(**{name: typed})
    assert list(form.errors) == [name]
    assert form[name].data is None or form[name].data == ""
    assert f'value="{typed}"' in form[name]()


def test_what_was_left_empty_is_nothing_and_no_error(read):
    form = read(**dict.fromkeys(("amount", "rate", "day", "code", "phones", "line"), " "))
    assert form.errors == {}
    assert [form[name].data for name in ("amount", "rate", "day", "code", "phones", "line")] == [
        None, None, None, "", [], "",
    ]  # fmt: skip


def test_every_telephone_of_a_cell_is_told(read):
    form = read(phones="0571-88005151／８８００5152，13800000051（王）")
    assert len(form.phones.data) == 3
    assert form.told["phones"] == "Read as 0571-8800 5151 · 0571-8800 5152 · 138 0000 0051（王）"


def test_a_record_is_shown_as_it_would_be_typed(app):
    class Record:
        amount = 123_456
        rate = 12_500
        count = 0
        day = date(2026, 2, 3)

    with app.test_request_context("/"):
        form = Sample(obj=Record())
    shown = [form[name]._value() for name in ("amount", "rate", "count", "day", "code")]
    assert shown == ["1,234.56", "1.25", "0", "2026-02-03", ""]
