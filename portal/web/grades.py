"""The grade of a distributor (D5) as lists are narrowed by it."""

from flask import request
from flask_babel import gettext as _

from portal.domain.distributors.models import Grade
from portal.domain.distributors.queries import UNGRADED
from portal.web.words import word


def wanted_grade() -> str:
    """The grade that the address asks for, or UNGRADED; empty for any."""
    said = request.args.get("grade", "")
    return said if said in (*Grade, UNGRADED) else ""


def grade_choices() -> list[tuple[str, str]]:
    """What a filter by grade offers."""
    return [
        ("", _("All grades")),
        *((grade.value, word(grade)) for grade in Grade),
        (UNGRADED, _("not graded yet")),
    ]
