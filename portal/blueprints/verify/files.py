"""A file handed in to be checked: told what it is, and let go of."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired

from portal.db import reading
from portal.domain.documents.services import media_type_of
from portal.domain.price_protection.file_verification import (
    FileAnswer,
    FileVerdict,
    hashes_of,
    on_file,
    verify_file,
)
from portal.domain.users.models import User
from portal.extensions import db
from portal.sealing import process
from portal.sealing.seen import MOST_BYTES, Seen, Unreadable

LIMITS = {"megabytes": MOST_BYTES // 1024**2}


class FileForm(FlaskForm):
    """The file in question."""

    file = FileField(_l("PDF file"), validators=[FileRequired(_l("Choose a file."))])


def verdict_on(form: FileForm, viewer: User) -> FileVerdict | None:
    """What the file of a form that was sent is; None when it cannot be told, which the form then says."""
    data: bytes = form.file.data.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        return _refuse(
            form, _("The file has more than %(megabytes)s MB, which no original of ours has.", **LIMITS)
        )
    if media_type_of(data) != "application/pdf":
        return _refuse(
            form,
            _("This is no PDF. Choose the PDF as you received it; check a scan by the code on its pages."),
        )
    hashes = hashes_of(data)
    with reading():
        found = on_file(db.session, viewer, hashes)
    db.session.rollback()
    if found is not None and found.answer is FileAnswer.ORIGINAL:
        return found
    seen: Seen | None = None
    refusal = ""
    try:
        seen = process.look(data)
    except Unreadable as unreadable:
        refusal = unreadable.msgid
    with reading():
        found = verify_file(db.session, viewer, hashes, seen)
    return found if found is not None else _refuse(form, _(refusal))


def _refuse(form: FileForm, said: str) -> None:
    form.file.errors = [*form.file.errors, said]
