"""Importing a dealer list: the pages of the lists, with what is chosen for the whole of one."""

from collections.abc import Callable
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField

from portal.blueprints.distributors import bp
from portal.domain.distributors.importing import DealerReport, Defaults, files
from portal.domain.distributors.models import Channel, ImportFile, Level
from portal.domain.errors import DomainError
from portal.domain.users.models import User
from portal.extensions import db
from portal.jobs import start
from portal.web import dealer_lists
from portal.web.access import actor
from portal.web.import_pages import HandInForm, ImportPages
from portal.web.words import word


class OptionsForm(FlaskForm):
    """What holds for the whole list."""

    owner_id = SelectField(_l("Owner of new records"), validate_choice=False)
    create_regions = BooleanField(_l("Create offices that do not exist yet, below head office"))

    level = SelectField(_l("Level if the list gives none"))
    channel = SelectField(_l("Channel if the list gives none"))

    def offer(self) -> None:
        """Fill in what the user may choose."""
        choices = [("", _("The regional manager of each office"))]
        self.owner_id.choices = choices + [
            (str(user.id), user.name) for user in files.owners(db.session, actor())
        ]
        self.level.choices = [(level.value, word(level)) for level in Level]
        self.channel.choices = [(channel.value, word(channel)) for channel in Channel]
        for field, usual in ((self.level, Level.GENERAL), (self.channel, Channel.DISTRIBUTOR)):
            field.data = field.data if field.raw_data or field.data else usual.value
        if not files.may_make_regions(db.session, actor()):
            del self.create_regions

    @property
    def owner(self) -> User | None:
        """The owner chosen; none leaves it to the regional managers."""
        chosen = {str(user.id): user for user in files.owners(db.session, actor())}
        if self.owner_id.data and self.owner_id.data not in chosen:
            raise DomainError("Choose an owner from the list.", field="owner_id")
        return chosen.get(self.owner_id.data or "")

    @property
    def makes_regions(self) -> bool | list[str]:
        """Whether offices are made, or which where each has a tick; none for who may not."""
        if "create_regions" not in self:
            return False
        return bool(self.create_regions.data) or (
            request.form.getlist("region") if "regions" in request.form else False
        )

    @property
    def defaults(self) -> Defaults:
        """What new records are where the list does not say."""
        return Defaults(Level(self.level.data), Channel(self.channel.data))


class DealerHandInForm(OptionsForm, HandInForm):
    """The list itself, and what holds for it."""


class DealerPages(ImportPages[ImportFile]):
    """Owner, offices and defaults are chosen for the whole list."""

    lists = files.DEALERS
    sheet = _l("Distributors")
    template = _l("Dealer list template")

    def hand_in_form(self) -> DealerHandInForm:
        """The list itself, and what holds for it."""
        form = DealerHandInForm()
        form.offer()
        return form

    def choices_form(self) -> OptionsForm:
        """What the page says for the whole list."""
        form = OptionsForm()
        form.offer()
        return form

    def chosen_form(self, file: ImportFile) -> OptionsForm:
        """The same form as the list was last planned."""
        defaults = files.defaults_of(file)
        form = OptionsForm(
            formdata=None,
            data={
                "owner_id": str(file.options.get("owner_id") or ""),
                "create_regions": file.options.get("create_regions") is True,
                "level": defaults.level.value,
                "channel": defaults.channel.value,
            },
        )
        form.offer()
        return form

    def choose(self, form: OptionsForm) -> Callable[[ImportFile], None]:
        """What writes the choices of a form down with the list."""
        return files.choices(owner=form.owner, create_regions=form.makes_regions, defaults=form.defaults)

    def grouped(self, report: DealerReport) -> list[tuple[str, str, int]]:
        """The refusals, alike ones together, unknown offices in one line."""
        return dealer_lists.grouped(report)

    def context(self, file: ImportFile, _report: Any) -> dict[str, Any]:
        """What was chosen, what may be chosen, and how it reads."""
        return {
            "owner": files.owner_of(db.session, file),
            "defaults": files.defaults_of(file),
            "is_picked": files.is_picked(file),
            "may_make_regions": files.may_make_regions(db.session, actor()),
            "dealer_words": dealer_lists,
        }


DealerPages(start).register(bp)
