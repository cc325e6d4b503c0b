"""Forms of policies: writing one, noting a briefing, the day on which one takes effect."""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import HiddenField, SelectField, SelectMultipleField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from portal.domain.meetings.policies.models import AT_A_MEETING, ToldHow
from portal.web.fields import DateOnField, LineField, LinesField
from portal.web.policy_words import POLICY_LABELS as LABELS
from portal.web.words import WORDS


class PolicyForm(FlaskForm):
    """A policy as it is written; `version` is the one that the form showed."""

    version = HiddenField()
    title = LineField(LABELS["title"], [InputRequired(_l("Enter what the policy is called."))])
    region_id = SelectField(_l("Issued by"), coerce=int)
    offices: Any = SelectMultipleField(LABELS["offices"], coerce=int)
    wanted_on = DateOnField(LABELS["wanted_on"], [InputRequired(_l("Enter a date."))])
    replaces_id = SelectField(LABELS["replaces"], coerce=int)
    body = LinesField(LABELS["text"])
    file = FileField(_l("Text as a PDF"))

    @property
    def seen_version(self) -> int:
        """The version that the form showed; none that exists when it was tampered with."""
        said = self.version.data or ""
        return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else -1


class BriefingForm(FlaskForm):
    """How an absentee was told."""

    how = SelectField(
        lazy_pgettext("policy", "How"),
        choices=[SelectChoice(one.value, WORDS[one]) for one in ToldHow if one not in AT_A_MEETING],
    )
    told_on = DateOnField(lazy_pgettext("policy", "Told on"), [InputRequired(_l("Enter a date."))])
    spoke_with = LineField(_l("Whom you spoke with"), [InputRequired(_l("Enter whom you spoke with."))])
    note = LineField(lazy_pgettext("policy", "Note"))


class ReleaseForm(FlaskForm):
    """From when on a policy is in force."""

    effective_on = DateOnField(LABELS["effective_on"], [InputRequired(_l("Enter a date."))])
