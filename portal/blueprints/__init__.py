"""The pages, one blueprint per feature."""

from flask import Flask

from portal.blueprints import (
    accounts,
    admin,
    agreements,
    auth,
    check_in,
    commendations,
    distributors,
    funds,
    jobs,
    meeting_papers,
    meeting_places,
    meeting_reports,
    meetings,
    minutes,
    own_texts,
    papers,
    payments,
    policies,
    products,
    purchases,
    quarters,
    reply,
    scans,
    search,
    system,
    templates,
    verify,
    violations,
    workbench,
)
from portal.blueprints.agreements import batches

ALL = (
    system.bp,
    auth.bp,
    workbench.bp,
    distributors.bp,
    agreements.bp,
    scans.bp,
    batches.bp,
    papers.bp,
    funds.bp,
    violations.bp,
    payments.bp,
    quarters.bp,
    accounts.bp,
    check_in.bp,
    meetings.bp,
    reply.bp,
    jobs.bp,
    search.bp,
    products.bp,
    purchases.bp,
    templates.bp,
    own_texts.bp,
    meeting_papers.bp,
    meeting_reports.bp,
    meeting_places.bp,
    policies.bp,
    minutes.bp,
    commendations.bp,
    verify.bp,
    admin.bp,
)


def register(app: Flask) -> None:
    """Bind every blueprint."""
    for blueprint in ALL:
        app.register_blueprint(blueprint)
