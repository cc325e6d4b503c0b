"""系统检查: what `flask doctor` finds, for administrators without a terminal."""

from flask import Response
from flask_babel import gettext as _
from flask_babel import lazy_pgettext

from portal.blueprints.admin import bp
from portal.domain.access.roles import Permission as P
from portal.health.examine import Result, examine, worst
from portal.health.findings import State
from portal.health.here import here
from portal.web.access import requires
from portal.web.htmx import render

_BADGES = {
    State.OK: (lazy_pgettext("health", "In order"), "ok"),
    State.WARNING: (lazy_pgettext("health", "Attention"), "warn"),
    State.FAILED: (lazy_pgettext("health", "Failed"), "bad"),
}


@bp.get("/health")
@requires(P.SETTINGS_WRITE)
def health() -> Response:
    """Every check, looked at now, without those that take long."""
    results = examine(here(is_thorough=False))
    states = [finding.state for result in results for finding in result.findings]
    return render(
        "admin/health.html",
        results=[(_(result.check.title), list(_told(result))) for result in results],
        state=worst(results),
        badges=_BADGES,
        failed=states.count(State.FAILED),
        warnings=states.count(State.WARNING),
    )


def _told(result: Result) -> list[tuple[State, str, str]]:
    return [
        (
            finding.state,
            _(finding.text, **finding.params),
            _(finding.todo, **finding.params) if finding.todo else "",
        )
        for finding in result.findings
    ]
