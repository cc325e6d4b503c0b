"""All checks in their order; a check that breaks is itself a finding and keeps no other from looking."""

import logging
from dataclasses import dataclass

from portal.domain.i18n import N_
from portal.health import configuration, machine
from portal.health.database import database
from portal.health.findings import Check, Finding, Place, State, failed
from portal.health.queue import queue
from portal.health.reporters import reporters
from portal.health.seal import seal

CHECKS = (
    Check("database", N_("Database"), database),
    Check("queue", N_("Queue and workers"), queue),
    Check("letters", N_("Printing fonts"), machine.letters),
    Check("libraries", N_("Printing libraries"), machine.libraries),
    Check("clock", N_("Clock and time zone"), machine.clock),
    Check("disks", N_("Disk space"), machine.disks),
    Check("secrets", N_("Secrets"), configuration.secrets),
    Check("seal", N_("Electronic seal"), seal),
    Check("reporters", N_("Key of reporters"), reporters),
    Check("settings", N_("Configuration"), configuration.settings),
    Check("pages", N_("Page files"), configuration.pages),
)
_WORST_FIRST = (State.FAILED, State.WARNING, State.OK)


@dataclass(frozen=True)
class Result:
    """What one check found."""

    check: Check
    findings: tuple[Finding, ...]


def examine(place: Place, checks: tuple[Check, ...] = CHECKS) -> list[Result]:
    """Look at everything; never raises."""
    return [Result(check, tuple(_looked(check, place))) for check in checks]


def worst(results: list[Result]) -> State:
    """The worst state of all findings."""
    states = {finding.state for result in results for finding in result.findings}
    return next((state for state in _WORST_FIRST if state in states), State.OK)


def _looked(check: Check, place: Place) -> list[Finding]:
    found: list[Finding] = []
    try:
        found.extend(check.look(place))
    except Exception as error:
        logging.getLogger(__name__).info("the check %s broke", check.name, exc_info=True)
        found.append(
            failed(
                N_("This could not be checked: %(reason)s"),
                N_("Fix what the checks above report first, then check again."),
                reason=f"{type(error).__name__}: {str(error).strip().split(chr(10))[0]}",
            )
        )
    return found
