"""Forms of seats: the tables, who sits where, pasted lines, desks, own people."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField

from portal.web.fields import LinesField


class SeenForm(FlaskForm):
    """A form that says what it showed, so that nobody's work is overwritten unseen."""

    seen = HiddenField()


class TablesForm(SeenForm):
    """The tables, a line each."""

    tables = LinesField(lazy_pgettext("meeting", "Tables and seats"))
    may_unseat = BooleanField(_l("Whoever sits where there would be no seat any more loses the seat"))


class SeatsForm(FlaskForm):
    """Who sits where: an entry for each guest, `seat-<guest>`, and what it showed, `was-<guest>`."""


class LinesForm(FlaskForm):
    """Seats as a spreadsheet has them."""

    lines = LinesField(_l("Name, table, seat"))


class DesksForm(SeenForm):
    """Where materials are given out."""

    pack_desks = LinesField(_l("Desks for materials"))


class OwnForm(FlaskForm):
    """Speakers and own people."""

    people = LinesField(_l("Speakers and own people"))


class KindsForm(SeenForm):
    """The hotel's rooms, a line for each kind."""

    kinds = LinesField(_l("Kinds of rooms"))
    may_unlodge = BooleanField(_l("Whoever has a room that would be gone or too small loses it"))


class RoomsForm(FlaskForm):
    """Who sleeps where: `room-`, `from-`, `until-`, `lady-<guest>`, and what each showed, `was-<guest>`."""
