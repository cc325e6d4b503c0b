"""What a user may do, their password, and the end of their time here."""

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.admin import bp
from portal.blueprints.admin.forms import GrantForm, PasswordForm
from portal.blueprints.admin.loading import grant_or_404, region_options, region_or_404, user_or_404
from portal.blueprints.admin.users import first_password, shown_once, user_page
from portal.domain.access.roles import Permission as P
from portal.domain.access.roles import Role
from portal.domain.administration import users as administration
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, submit
from portal.web.requests import ROW
from portal.web.words import word


@bp.post(f"/users/<{ROW}:id>/grants")
@requires(P.USERS_MANAGE)
def grant(id: int) -> ResponseReturnValue:
    """Give a role in an office and all below it."""
    user, form = user_or_404(id), GrantForm()
    form.region_id.choices = region_options(P.USERS_MANAGE)
    if form.validate_on_submit():
        region, role = region_or_404(form.region_id.data, P.USERS_MANAGE), Role(form.role.data)
        given = submit(form, lambda: administration.grant(db.session, actor(), user, role, region))
        if given is not None:
            flash(_("%(name)s: %(role)s in %(office)s.", name=user.name, role=word(role), office=region.name))
            return leave(url_for("admin.user", id=id))
    return user_page(user, grant=form)


@bp.post(f"/users/<{ROW}:id>/grants/<{ROW}:grant_id>/revoke")
@requires(P.USERS_MANAGE)
def revoke(id: int, grant_id: int) -> ResponseReturnValue:
    """Take a role back."""
    user = user_or_404(id)
    held = grant_or_404(user, grant_id)
    submit(None, lambda: administration.revoke(db.session, actor(), user, held))
    flash(_("The role has been revoked."))
    still = administration.users_visible_to(actor()).where(type(user).id == id)
    return leave(url_for("admin.user", id=id) if db.session.scalar(still) else url_for("admin.users"))


@bp.post(f"/users/<{ROW}:id>/password")
@requires(P.USERS_MANAGE)
def reset_password(id: int) -> ResponseReturnValue:
    """Give a first password anew; it is shown once, and every sign-in of the user ends."""
    user, form = user_or_404(id), PasswordForm()
    if form.validate_on_submit():
        password, hashed = first_password(form, user.username, user.name)
        if hashed:

            def work() -> bool:
                administration.reset_password(db.session, actor(), user, hashed)
                return True

            if submit(form, work):
                return shown_once(user, password, is_new=False)
    return user_page(user, password=form)


@bp.post(f"/users/<{ROW}:id>/deactivate")
@requires(P.USERS_MANAGE)
def deactivate(id: int) -> ResponseReturnValue:
    """End a user's time here; refused while they answer for accounts (D6)."""
    user = user_or_404(id)
    submit(None, lambda: administration.deactivate(db.session, actor(), user))
    flash(_("%(name)s has been deactivated and signed out everywhere.", name=user.name))
    return leave(url_for("admin.user", id=id))


@bp.post(f"/users/<{ROW}:id>/reactivate")
@requires(P.USERS_MANAGE)
def reactivate(id: int) -> ResponseReturnValue:
    """Let a user in again."""
    user = user_or_404(id)
    submit(None, lambda: administration.reactivate(db.session, actor(), user))
    flash(_("%(name)s can sign in again.", name=user.name))
    return leave(url_for("admin.user", id=id))
