"""Statements of a quarter in one file for the printer, as the register is narrowed: an office prints its own."""

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.quarters import bp
from portal.blueprints.quarters.listing import NAME, asked_name
from portal.blueprints.quarters.register import asked_for
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.jobs import kept
from portal.domain.jobs.models import Job
from portal.domain.price_protection.closing import printing
from portal.domain.price_protection.closing import register as statements
from portal.extensions import db
from portal.jobs import start
from portal.web import files
from portal.web.access import actor, requires
from portal.web.htmx import leave, say
from portal.web.requests import ROW


@bp.post(f"/<{NAME}:name>/statements/print")
@requires(P.PAPERS_HANDLE)
def print_statements(name: str) -> ResponseReturnValue:
    """Ask for one file of the statements that the register shows, in the order of the post."""
    me, wanted = actor(), asked_for(asked_name(name))
    asked = statements.ids(db.session(), me, wanted)
    try:
        job = printing.ask(db.session(), me, wanted.quarter, asked, title=wanted.quarter)
    except DomainError as error:
        db.session.rollback()
        flash(say(error), "warning")
        return leave(url_for(".register", name=name, **request.args.to_dict()))
    db.session.commit()
    job_id = job.id
    start(job_id)
    return leave(url_for("jobs.detail", job_id=job_id))


@bp.get(f"/printed/<{ROW}:job_id>")
@requires(P.FUNDS_READ)
def printed_again(job_id: int) -> ResponseReturnValue:
    """The file that one asked for; nobody else's."""
    job = db.session.get(Job, job_id)
    if job is None or job.kind != printing.KIND or job.owner_id != actor().id:
        abort(404)
    file = kept.file_of(db.session(), job.id)
    if file is None:
        flash(_("This file is no longer kept. Print the statements again here."), "warning")
        return leave(url_for(".register", name=job.params["quarter"]))
    if not printing.may_read_all(db.session(), actor(), job.params["statement_ids"]):
        abort(404)
    return files.of_job(file)
