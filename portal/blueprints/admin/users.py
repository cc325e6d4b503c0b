"""Users: the list, one of them, a new one, their names."""

from typing import Any

from flask import Response, flash, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import pgettext

from portal.blueprints.admin import bp
from portal.blueprints.admin.forms import GrantForm, NamesForm, PasswordForm, UserForm
from portal.blueprints.admin.loading import region_choices, region_options, region_or_404, user_or_404
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.access.roles import Role
from portal.domain.administration import users as administration
from portal.domain.administration.users import UserFilter
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.users import services as users_services
from portal.domain.users.models import User
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.audit_words import tell
from portal.web.excel import Column, record_export, workbook
from portal.web.htmx import leave, refuse, render, submit
from portal.web.requests import ROW
from portal.web.tables import chosen, count, number, page_of, sorting
from portal.web.words import word


def _filter() -> UserFilter:
    state = request.args.get("state", "active")
    return UserFilter(
        q=request.args.get("q", "").strip()[:80],
        region_id=number("region"),
        role=chosen(Role, "role"),
        state=state if state in ("active", "deactivated") else "",
    )


@bp.get("/users")
@requires(P.USERS_MANAGE)
def users() -> ResponseReturnValue:
    """Users of the administrator's part of the tree."""
    me, wanted = actor(), _filter()
    visible = administration.users_visible_to(me)
    return render(
        "admin/users.html",
        fragment="admin/_users.html",
        page=page_of(
            db.session,
            administration.narrowed(visible, wanted),
            sorts=administration.SORTS,
            default="name",
            tie=User.id,
        ),
        total=count(db.session, visible),
        wanted=wanted,
        roles=list(Role),
        offices=region_choices(P.USERS_MANAGE),
    )


@bp.get("/users/export")
@requires(P.USERS_MANAGE)
def export_users() -> ResponseReturnValue:
    """The current view as an Excel file, one line a user."""
    me, wanted = actor(), _filter()
    order = sorting(administration.SORTS, default="name")
    statement = administration.narrowed(administration.users_visible_to(me), wanted)
    statement = order.apply(statement, administration.SORTS, tie=User.id)
    rows = [
        (user.name, user.username, grants_in_words(user), user.created_at, user.deactivated_at)
        for user in db.session.scalars(statement)
    ]
    record_export(me, "users", count=len(rows), wanted=vars(wanted))
    columns = [
        Column(pgettext("person", "Name")),
        Column(_("Sign-in name"), width=18),
        Column(_("Roles"), width=50),
        Column(_("Added on"), "date"),
        Column(_("Deactivated"), "date"),
    ]
    return workbook(_("Users"), columns, rows, f"{_('Users')} {today()}.xlsx")


def grants_in_words(user: User) -> str:
    """The user's roles and offices in a line."""
    return _(", ").join(f"{word(held.role)} {held.region.name}" for held in user.grants)


@bp.route("/users/new", methods=["GET", "POST"])
@requires(P.USERS_MANAGE)
def new_user() -> ResponseReturnValue:
    """Add a user; the password, typed or made, is shown once."""
    form = UserForm()
    form.region_id.choices = region_options(P.USERS_MANAGE)
    if form.validate_on_submit():
        password, hashed = first_password(form, form.username.data or "", form.name.data or "")
        if hashed:
            region = region_or_404(form.region_id.data, P.USERS_MANAGE)
            made = submit(
                form,
                lambda: administration.create_user(
                    db.session,
                    actor(),
                    username=form.username.data or "",
                    name=form.name.data or "",
                    phone=form.phone.data or "",
                    password_hash=hashed,
                    grants=[(Role(form.role.data), region)],
                ),
            )
            if made is not None:
                return shown_once(made, password, is_new=True)
    return render("admin/new_user.html", form=form)


def first_password(form: PasswordForm, username: str, name: str) -> tuple[str, str]:
    """The password that was typed or made, and its hash; empty when it was refused, on the form.

    Hashing is slow: it happens here, before any transaction writes.
    """
    password = form.password.data or users_services.generate_password()
    try:
        users_services.check_password(password, username=username, name=name)
    except DomainError as error:
        refuse(form, error)
        return "", ""
    db.session.rollback()
    return password, users_services.hash_password(password)


def shown_once(user: User, password: str, *, is_new: bool) -> Response:
    """The page that shows a first password; nothing keeps it, and nobody can call it up again."""
    page = render_template("admin/password.html", user=user, password=password, is_new=is_new)
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get(f"/users/<{ROW}:id>")
@requires(P.USERS_MANAGE)
def user(id: int) -> ResponseReturnValue:
    """One user: names, roles, what can be done."""
    return user_page(user_or_404(id))


def user_page(user: User, **forms: Any) -> Response:
    """The record's page, with the form that was refused in place of a fresh one."""
    me = actor()
    refused = next(iter(forms.values()), None)
    names = forms.get("names") or NamesForm(formdata=None, obj=user)
    grant = forms.get("grant") or GrantForm(formdata=None)
    grant.region_id.choices = region_options(P.USERS_MANAGE)
    return render(
        "admin/user.html",
        form=refused,
        names=names,
        grant_form=grant,
        password_form=forms.get("password") or PasswordForm(formdata=None),
        user=user,
        is_me=user.id == me.id,
        is_managed=administration.is_managed_by(user, me),
        may_take=[held.id for held in user.grants if me.can(P.USERS_MANAGE, held.region)],
        owned=administration.accounts_owned(db.session, user),
        last=administration.last_sign_in(db.session, user),
        events=tell(db.session, me, db.session.scalars(audit.history(user).limit(30)).all()),
    )


@bp.post(f"/users/<{ROW}:id>/names")
@requires(P.USERS_MANAGE)
def rename_user(id: int) -> ResponseReturnValue:
    """Change the names and the telephone."""
    user, form = user_or_404(id), NamesForm()
    if form.validate_on_submit():

        def work() -> bool:
            administration.edit_user(
                db.session,
                actor(),
                user,
                username=form.username.data or "",
                name=form.name.data or "",
                phone=form.phone.data or "",
            )
            return True

        if submit(form, work):
            flash(_("%(name)s has been saved.", name=user.name))
            return leave(url_for("admin.user", id=id))
    return user_page(user, names=form)
