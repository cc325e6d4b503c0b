"""Importing a dealer list: hand it in, look at what it would do, import it, take back what was refused."""

from typing import Any

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, SelectField

from portal.blueprints.distributors import bp
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.importing import SPEC, Defaults, files
from portal.domain.distributors.models import Channel, ImportFile, Level
from portal.domain.errors import DomainError
from portal.domain.jobs.models import JobState
from portal.domain.users.models import User
from portal.extensions import db
from portal.jobs import start
from portal.web import importing as words
from portal.web.access import actor, requires
from portal.web.excel import Column, record_export, workbook
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW
from portal.web.words import word

SHOWN = 100  # rows of each kind on the page; Excel has the rest


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


class HandInForm(OptionsForm):
    """The list itself, and what holds for it."""

    file = FileField(_l("File"), validators=[FileRequired(_l("Choose a file."))])


def _found(import_id: int) -> ImportFile:
    """The list; 404 when it was handed in for offices that the user does not import for."""
    return db.session.scalar(files.files_visible_to(actor()).where(ImportFile.id == import_id)) or abort(404)


@bp.route("/import", methods=["GET", "POST"])
@requires(P.DISTRIBUTORS_IMPORT)
def import_file() -> ResponseReturnValue:
    """Hand in a list; nothing is imported yet."""
    form = HandInForm()
    # Read before the first query: a slow upload must not hold the database.
    data = form.file.data.read() if form.file.data else b""
    form.offer()
    if form.validate_on_submit():
        made = submit(
            form,
            lambda: files.hand_in(
                db.session,
                actor(),
                data,
                filename=form.file.data.filename or "",
                owner=form.owner,
                create_regions=form.makes_regions,
                defaults=form.defaults,
            ),
        )
        if made is not None:
            return _on(made)
    return render("distributors/import.html", form=form)


@bp.get(f"/import/<{ROW}:import_id>")
@requires(P.DISTRIBUTORS_IMPORT)
def import_preview(import_id: int) -> ResponseReturnValue:
    """What importing the list would do, row by row; once imported, what it did."""
    file = _found(import_id)
    if file.applied_at is None and file.job is not None and file.job.state is not JobState.DONE:
        return leave(url_for("jobs.detail", job_id=file.job.id))
    form = OptionsForm(
        data={
            "owner_id": str(file.options.get("owner_id") or ""),
            "create_regions": file.options.get("create_regions") is True,
            "level": files.defaults_of(file).level.value,
            "channel": files.defaults_of(file).channel.value,
        }
    )
    form.offer()
    return _preview(file, form)


def _preview(file: ImportFile, form: OptionsForm) -> ResponseReturnValue:
    return render(
        "distributors/import_preview.html",
        form=form,
        file=file,
        report=files.report_of(file),
        owner=files.owner_of(db.session, file),
        headings=files.headings(db.session, file),
        fields=[(column.field, _(column.title)) for column in SPEC.columns],
        defaults=files.defaults_of(file),
        is_picked=files.is_picked(file),
        may_make_regions=files.may_make_regions(db.session, actor()),
        words=words,
        shown=SHOWN,
    )


@bp.post(f"/import/<{ROW}:import_id>/plan")
@requires(P.DISTRIBUTORS_IMPORT)
def import_again(import_id: int) -> ResponseReturnValue:
    """Look again, with columns matched by hand or with another choice."""
    file = _found(import_id)
    form = OptionsForm()
    form.offer()
    mapping = _mapping(file) if "columns" in request.form else file.options.get("mapping", {})

    def work() -> bool:
        files.plan_again(
            db.session,
            actor(),
            file,
            mapping=mapping,
            owner=form.owner,
            create_regions=form.makes_regions,
            defaults=form.defaults,
        )
        return True

    if form.validate_on_submit() and submit(form, work):
        return _on(_found(import_id))
    return _preview(_found(import_id), form)


def _mapping(file: ImportFile) -> dict[str, str]:
    """What the page says of each column; a column that is left as it was read is left to be read again."""
    known = {column.field for column in SPEC.columns}
    said = {}
    for place, heading in enumerate(files.headings(db.session, file)):
        chosen = request.form.get(f"column-{place}", "")
        said[heading.text] = chosen if chosen in known else ""
    return said


@bp.post(f"/import/<{ROW}:import_id>/apply")
@requires(P.DISTRIBUTORS_IMPORT)
def import_apply(import_id: int) -> ResponseReturnValue:
    """Import the list as it was planned."""
    file = _found(import_id)
    form = FlaskForm()
    job = submit(form, lambda: files.start(db.session, actor(), file)) if form.validate_on_submit() else None
    if job is None:
        options = OptionsForm(formdata=None)
        options.offer()
        options.form_errors = list(form.form_errors)
        return _preview(_found(import_id), options)
    return _on(_found(import_id))


def _on(file: ImportFile) -> ResponseReturnValue:
    """Do what the list asks for, or send it to a worker; then to the list's page, or to the progress."""
    if file.job is not None:
        start(file.job.id, here=files.is_small(file))
    return leave(url_for(".import_preview", import_id=file.id))


@bp.get(f"/import/<{ROW}:import_id>/refused")
@requires(P.DISTRIBUTORS_IMPORT)
def import_refused(import_id: int) -> ResponseReturnValue:
    """The refused rows as an Excel file with the reason beside each, to be mended and handed in again."""
    file = _found(import_id)
    report = files.report_of(file)
    if report is None:
        return leave(url_for(".import_preview", import_id=import_id))
    reasons: dict[tuple[str, int], list[str]] = {}
    for refusal in report.refusals:
        said = _("%(label)s: %(text)s", label=words.column(refusal), text=words.reason(refusal))
        reasons.setdefault((refusal.sheet, refusal.row), []).append(said)
    heads, rows = files.refused_rows(db.session, file)
    cells = [
        [sheet, number, _(" · ").join(reasons.get((sheet, number), [])), *values]
        for sheet, number, values in rows
    ]
    record_export(actor(), "distributor_import", count=len(cells), wanted={"import_id": import_id})
    columns = [
        Column(_("Sheet")),
        Column(_("Row"), "whole", 8),
        Column(_("Reason for refusal"), width=50),
        *(Column(head, width=20) for head in heads),
    ]
    return workbook(_("Refused rows"), columns, cells, f"{_('Refused rows')} {import_id}.xlsx")


@bp.get("/import/template")
@requires(P.DISTRIBUTORS_IMPORT)
def import_template() -> ResponseReturnValue:
    """An empty list with every column that is understood."""
    columns = [Column(_(column.title), width=18) for column in SPEC.columns]
    rows: list[list[Any]] = []
    return workbook(_("Distributors"), columns, rows, _("Dealer list template") + ".xlsx")
