"""What is said when the database or the disk does not work, on the page and in the command."""

from flask_babel import gettext as _

from portal.db import Trouble

STATUS = {Trouble.BUSY: 503, Trouble.GONE: 503, Trouble.FULL: 507}
# Seconds after which trying again makes sense.
RETRY_AFTER = {Trouble.BUSY: 5, Trouble.GONE: 30}


def title(trouble: Trouble) -> str:
    """The trouble in three words."""
    return {
        Trouble.BUSY: _("Busy at the moment"),
        Trouble.GONE: _("The database is not responding"),
        Trouble.FULL: _("Storage full"),
    }[trouble]


def words(trouble: Trouble, *, is_writing: bool) -> str:
    """What happened to what was sent, and what to do next."""
    if trouble is Trouble.BUSY:
        if is_writing:
            return _(
                "The database is busy with other work, such as a large import. Nothing of yours was saved;"
                " try again in a minute."
            )
        return _("The database is busy with other work, such as a large import. Try again in a minute.")
    if trouble is Trouble.FULL:
        return _(
            "The server's storage is full, so nothing was saved; existing data is safe."
            " Tell your administrator, then try again."
        )
    if is_writing:
        return _(
            "The connection to the database was lost. Check whether your change is there before you send it again;"
            " if this lasts for more than a few minutes, tell your administrator."
        )
    return _(
        "The connection to the database was lost. Try again in a minute; if this lasts for more than a few minutes,"
        " tell your administrator."
    )
