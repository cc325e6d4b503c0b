"""The pages of a list that is imported: hand it in, look at what it would do, import it, take back what was refused.

A kind of list has a subclass with its `Lists`, and two templates: `import.html`, and `import_preview.html`, which
extends `importing/preview.html`.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired

from portal.domain.importing.lists import Lists
from portal.domain.importing.models import HandedIn
from portal.domain.jobs.models import JobState
from portal.extensions import db
from portal.web import importing as words
from portal.web.access import actor, requires
from portal.web.excel import Column, record_export, workbook
from portal.web.htmx import leave, render, say, submit
from portal.web.requests import ROW

FileT = TypeVar("FileT", bound=HandedIn)
SHOWN = 100  # rows of each kind on the page; Excel has the rest


class HandInForm(FlaskForm):
    """The list itself."""

    file = FileField(_l("File"), validators=[FileRequired(_l("Choose a file."))])


class ImportPages(Generic[FileT]):
    """The views of one kind of list, whose blueprint is called as its `lists`.

    `start` sends a job to the workers, or does it at once (`here`). `sheet` is the sheet's name of the empty list,
    `template` its file's.
    """

    lists: Lists[FileT, Any]
    sheet: Any
    template: Any

    def __init__(self, start: Callable[..., None]) -> None:
        self._start = start

    def register(self, bp: Blueprint) -> None:
        """Bind the routes, below /import; all of them are for who may import this kind of list."""
        one = f"/import/<{ROW}:import_id>"
        for rule, view, methods in (
            ("/import", self.import_file, ["GET", "POST"]),
            (one, self.import_preview, ["GET"]),
            (f"{one}/plan", self.import_again, ["POST"]),
            (f"{one}/apply", self.import_apply, ["POST"]),
            (f"{one}/refused", self.import_refused, ["GET"]),
            ("/import/template", self.import_template, ["GET"]),
        ):
            guarded = requires(self.lists.permission)(view)
            bp.add_url_rule(rule, view.__name__, guarded, methods=methods)

    # ---- what a kind of list may have of its own --------------------------------------------------------------------

    def hand_in_form(self) -> FlaskForm:
        """The form with the field `file`."""
        return HandInForm()

    def choices_form(self) -> FlaskForm:
        """What the page says for the whole list."""
        return FlaskForm()

    def chosen_form(self, _file: FileT) -> FlaskForm:
        """The same form as the list was last planned."""
        return FlaskForm(formdata=None)

    def choose(self, _form: Any) -> Callable[[FileT], None]:
        """What writes the choices of a form down with the list; asked in the transaction."""
        return lambda _file: None

    def grouped(self, report: Any) -> list[tuple[str, str, int]]:
        """The refusals, alike ones together."""
        return words.grouped(report.refusals)

    def context(self, _file: FileT, _report: Any) -> dict[str, Any]:
        """What the preview's template needs besides."""
        return {}

    # ---- the views --------------------------------------------------------------------------------------------------

    def import_file(self) -> ResponseReturnValue:
        """Hand in a list; nothing is imported yet."""
        form = self.hand_in_form()
        # Read before the first query: a slow upload must not hold the database.
        data = form.file.data.read() if form.file.data else b""
        if form.validate_on_submit():
            made = submit(
                form,
                lambda: self.lists.hand_in(
                    db.session(),
                    actor(),
                    data,
                    filename=form.file.data.filename or "",
                    choose=self.choose(form),
                ),
            )
            if made is not None:
                return self._on(made)
        columns = [(_(one.title), one.headings[:4]) for one in self.lists.spec.columns]
        return render(f"{self.lists.name}/import.html", form=form, columns=columns)

    def import_preview(self, import_id: int) -> ResponseReturnValue:
        """What importing the list would do, row by row; once imported, what it did."""
        file = self._found(import_id)
        if file.applied_at is None and file.job is not None and file.job.state is not JobState.DONE:
            return leave(url_for("jobs.detail", job_id=file.job.id))
        return self._preview(file, self.chosen_form(file))

    def import_again(self, import_id: int) -> ResponseReturnValue:
        """Look again, with columns matched by hand or with another choice."""
        file, form = self._found(import_id), self.choices_form()
        mapping = self._mapping(file)

        def work() -> bool:
            self.lists.plan_again(db.session(), actor(), file, mapping=mapping, choose=self.choose(form))
            return True

        if form.validate_on_submit() and submit(form, work):
            return self._on(self._found(import_id))
        return self._preview(self._found(import_id), form)

    def import_apply(self, import_id: int) -> ResponseReturnValue:
        """Import the list as it was planned."""
        file, asked = self._found(import_id), FlaskForm()
        if asked.validate_on_submit() and submit(
            asked, lambda: self.lists.start(db.session(), actor(), file)
        ):
            return self._on(self._found(import_id))
        file = self._found(import_id)
        form = self.chosen_form(file)
        form.form_errors = list(asked.form_errors)
        return self._preview(file, form)

    def import_refused(self, import_id: int) -> ResponseReturnValue:
        """The refused rows as an Excel file with the reason beside each, to be mended and handed in again."""
        file = self._found(import_id)
        report = self.lists.report_of(file)
        if report is None:
            return leave(url_for(".import_preview", import_id=import_id))
        reasons: dict[tuple[str, int], list[str]] = {}
        for refusal in report.refusals:
            said = _("%(label)s: %(text)s", label=words.column(refusal), text=words.reason(refusal))
            reasons.setdefault((refusal.sheet, refusal.row), []).append(said)
        heads, rows = self.lists.refused_rows(db.session(), file)
        cells = [
            [sheet, number, _(" · ").join(reasons.get((sheet, number), [])), *values]
            for sheet, number, values in rows
        ]
        record_export(actor(), self.lists.subject, count=len(cells), wanted={"import_id": import_id})
        columns = [
            Column(_("Sheet")),
            Column(_("Row"), "whole", 8),
            Column(_("Reason for refusal"), width=50),
            *(Column(head, width=20) for head in heads),
        ]
        return workbook(_("Refused rows"), columns, cells, f"{_('Refused rows')} {import_id}.xlsx")

    def import_template(self) -> ResponseReturnValue:
        """An empty list with every column that is understood."""
        columns = [Column(_(column.title), width=18) for column in self.lists.spec.columns]
        rows: list[list[Any]] = []
        return workbook(str(self.sheet), columns, rows, f"{self.template}.xlsx")

    def _found(self, import_id: int) -> FileT:
        """The list; 404 when it was handed in for offices that the user does not import for."""
        mine = self.lists.visible_to(actor()).where(self.lists.model.id == import_id)
        return db.session.scalar(mine) or abort(404)

    def _preview(self, file: FileT, form: FlaskForm) -> ResponseReturnValue:
        session, report = db.session(), self.lists.report_of(file)
        why = None if report else self.lists.why_not(self.lists.table_of(session, file))
        return render(
            f"{self.lists.name}/import_preview.html",
            form=form,
            file=file,
            report=report,
            why=say(why) if why else "",
            groups=self.grouped(report) if report else [],
            headings=[] if file.applied_at else self.lists.headings(session, file),
            fields=[(column.field, _(column.title)) for column in self.lists.spec.columns],
            words=words,
            shown=SHOWN,
            **self.context(file, report),
        )

    def _mapping(self, file: FileT) -> dict[str, str]:
        """What the page says of each column; where it says nothing of columns, as they were matched before."""
        if not any(name.startswith("column") for name in request.form):
            return dict(file.mapping)
        known = {column.field for column in self.lists.spec.columns}
        said = {}
        for place, heading in enumerate(self.lists.headings(db.session(), file)):
            chosen = request.form.get(f"column-{place}", "")
            said[heading.text] = chosen if chosen in known else ""
        return said

    def _on(self, file: FileT) -> ResponseReturnValue:
        """Do what the list asks for, or send it to a worker; then to the list's page, or to the progress."""
        if file.job is not None:
            self._start(file.job.id, here=self.lists.is_small(file))
        return leave(url_for(".import_preview", import_id=file.id))
