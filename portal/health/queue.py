"""The queue: is there a worker, and does it get on."""

from collections.abc import Iterator
from datetime import timedelta

from portal.db import CHINA, now
from portal.domain.i18n import N_
from portal.health.findings import Finding, Place, failed, ok, warning
from portal.jobs.health import queue_health

_TOO_LONG = timedelta(minutes=10)


def queue(_place: Place) -> Iterator[Finding]:
    """Jobs are taken up; needs an application context."""
    found = queue_health()
    if found.fault:
        yield failed(
            N_("The queue does not answer: %(reason)s"),
            N_("Start what PORTAL_QUEUE_URL names, or take the setting away."),
            reason=found.fault,
        )
    elif not found.has_worker:
        yield (failed if found.waiting else warning)(
            N_("No worker is running; tasks waiting: %(waiting)s; last seen: %(at)s."),
            N_("Start a worker: systemctl start portal-worker."),
            waiting=found.waiting,
            at=f"{found.last_beat.astimezone(CHINA):%Y-%m-%d %H:%M}" if found.last_beat else "—",
        )
    elif found.waiting_since is not None and found.waiting_since < now() - _TOO_LONG:
        yield warning(
            N_("A task has been waiting since %(at)s; waiting: %(waiting)s, running: %(running)s."),
            N_("If this persists, start another worker."),
            at=f"{found.waiting_since.astimezone(CHINA):%Y-%m-%d %H:%M}",
            waiting=found.waiting,
            running=found.running,
        )
    else:
        yield ok(
            N_("Tasks are being processed; waiting: %(waiting)s, running: %(running)s."),
            waiting=found.waiting,
            running=found.running,
        )
    if found.failed:
        yield warning(
            N_("Failed tasks: %(count)s."),
            N_("See the task list for the reasons, then try them again."),
            count=found.failed,
        )
