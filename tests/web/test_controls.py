"""Boxes are written as WTForms writes them, only faster."""

import pytest
from flask_babel import lazy_gettext
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    DateField,
    Form,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length

from portal.blueprints.distributors.forms import DistributorForm
from portal.web.controls import control

HOSTILE = "\"><script>alert('1')</script>&amp; " + "长" * 200


class Kinds(Form):
    text = StringField(validators=[InputRequired(), Length(max=20)])
    lines = TextAreaField(validators=[Length(min=3)])
    hidden = HiddenField()
    secret = PasswordField()
    number = IntegerField()
    day = DateField()
    tick = BooleanField()
    choice = SelectField(
        choices=[(1, "one & <two>"), (2, Markup("<b>")), (3, lazy_gettext("Office"))], coerce=int
    )
    words = SelectField(choices=["a", '"b"'])
    groups = SelectField(choices={"x": [("1", "one")], "y": [("2", "two")]})
    none = SelectField()
    many = SelectMultipleField(choices=[("1", "one"), ("2", "two")])
    radio = RadioField(choices=[("1", "one")])
    dressed = StringField(render_kw={"class": "own", "maxlength": 5})


NAMES = list(Kinds()._fields)
ASKED = [
    {},
    {"class": "form-control", "aria-describedby": "x-e x-h", "hx-post": "/a?b=1&c=2"},
    {
        "class_": "a",
        "data_much": HOSTILE,
        "aria_label": Markup('x &amp; "y"'),
        "hidden": True,
        "readonly": False,
    },
    {"value": HOSTILE, "required": False, "rows": 3},
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("asked", ASKED, ids=range(len(ASKED)))
@pytest.mark.parametrize(
    "sent", [None, {"text": HOSTILE, "lines": HOSTILE, "hidden": "'", "choice": "2", "none": "1"}]
)
def test_a_control_reads_as_the_widget_s_own(app, name, asked, sent):
    with app.test_request_context():
        form = Kinds(MultiDict(sent) if sent else None, data={"text": "x", "choice": 3, "words": '"b"'})
        assert control(form[name], **asked) == form[name](**asked)


def test_every_field_of_the_register_s_form_reads_so(app):
    with app.test_request_context():
        form = DistributorForm(data={"name": HOSTILE, "staff": 3, "level": "general"})
        form.region_id.choices = [(1, "　杭州"), (2, HOSTILE)]
        form.owner_id.choices, form.standing.choices = [], []
        for field in form:
            assert control(field, **{"class": "form-control"}) == field(**{"class": "form-control"})
