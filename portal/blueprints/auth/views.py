"""Signing in and out, the own password and language."""

from flask import abort, flash, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user, login_user, logout_user
from flask_wtf import FlaskForm

from portal.blueprints.auth import bp
from portal.blueprints.auth.forms import PasswordForm, PhoneForm, SignInForm
from portal.domain.errors import DomainError
from portal.domain.users import services as users
from portal.domain.users.models import User
from portal.extensions import db
from portal.web.access import SignedInUser, actor, public, safe_next, signed_in
from portal.web.htmx import leave, refuse, render, submit
from portal.web.i18n import LANGUAGES


@bp.route("/login", methods=["GET", "POST"])
@public
def login() -> ResponseReturnValue:
    """The sign-in page: same words and same time for an unknown name and a wrong password."""
    target = safe_next(request.args.get("next"))
    if current_user.is_authenticated and request.method == "GET":
        return redirect(target, 303)
    form = SignInForm()
    if form.validate_on_submit() and _try_sign_in(form):
        return leave(target)
    return render(
        "auth/login.html",
        form=form,
        demo_users=users.demo_sign_ins(db.session),
        demo_password=users.DEMO_PASSWORD,
    )


def _try_sign_in(form: SignInForm) -> bool:
    address = request.remote_addr or "?"
    name, password = form.username.data or "", form.password.data or ""
    wait = users.count_attempt(db.session, name, address)
    found = users.hash_of(db.session, name)
    # Committed before argon2 runs: its time must not be spent holding the database's write lock.
    db.session.commit()
    if wait:
        _refuse_until(form, wait)
        return False
    if not users.password_matches(found[1] if found else None, password) or found is None:
        refuse(form, DomainError("The sign-in name or password is wrong."))
        return False
    account = db.session.get_one(User, found[0])
    token = submit(form, lambda: users.begin_sign_in(db.session, account, address=address))
    if token is None:
        return False
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    login_user(SignedInUser(account, token))
    return True


def _refuse_until(form: FlaskForm, minutes: int) -> None:
    told = ngettext(
        "Too many attempts. Try again in %(num)s minute.",
        "Too many attempts. Try again in %(num)s minutes.",
        minutes,
    )
    form.form_errors = [*form.form_errors, told]


@bp.post("/logout")
@signed_in
def logout() -> ResponseReturnValue:
    """End this sign-in, here and wherever its cookie was copied to."""
    submit(None, lambda: users.end_sign_in(db.session, current_user.token))
    logout_user()
    session.clear()
    return leave(safe_next("/login"))


@bp.post("/language/<code>")
@public
def language(code: str) -> ResponseReturnValue:
    """Choose the language: kept with the account when signed in, else in this browser."""
    if code not in LANGUAGES:
        abort(404)
    session["language"] = code
    if current_user.is_authenticated:
        submit(None, lambda: users.choose_language(db.session, actor(), code))
    return leave(safe_next(request.form.get("next")))


@bp.route("/account", methods=["GET", "POST"])
@signed_in
def account() -> ResponseReturnValue:
    """Who I am, what I may do, and a new password; it ends the other sign-ins."""
    form = PasswordForm()
    if form.validate_on_submit() and _change_password(form):
        flash(_("Your password has been changed. You have been signed out everywhere else."))
        return leave("/account")
    return _account_page(form, PhoneForm(formdata=None, phone=actor().phone))


@bp.post("/account/phone")
@signed_in
def own_phone() -> ResponseReturnValue:
    """Where I am reached: what invitations to my meetings say."""
    me, form = actor(), PhoneForm()
    if form.validate_on_submit():

        def work() -> bool:
            users.set_phone(db.session, me, form.phone.data or "", by=me)
            return True

        if submit(form, work):
            flash(_("Your phone has been saved."))
            return leave("/account")
    return _account_page(form, form)


def _account_page(form: FlaskForm, phone_form: PhoneForm) -> ResponseReturnValue:
    """The page; `form` is the one that was sent."""
    password_form = form if isinstance(form, PasswordForm) else PasswordForm(formdata=None)
    return render(
        "auth/account.html", form=form, password_form=password_form, phone_form=phone_form, me=actor()
    )


def _change_password(form: PasswordForm) -> bool:
    me, token = actor(), current_user.token
    user_id, old_hash, new = me.id, me.password_hash, form.password.data or ""
    try:
        users.check_password(new, username=me.username, name=me.name)
    except DomainError as error:
        refuse(form, error)
        return False
    if new != form.again.data:
        refuse(form, DomainError("The two new passwords differ.", field="again"))
        return False
    wait = users.count_attempt(db.session, me.username, request.remote_addr or "?")
    db.session.commit()
    if wait:
        _refuse_until(form, wait)
        return False
    if not users.password_matches(old_hash, form.current.data or ""):
        refuse(form, DomainError("This is not your current password.", field="current"))
        return False
    new_hash = users.hash_password(new)
    user = db.session.get_one(User, user_id)
    return (
        submit(form, lambda: users.set_password(db.session, user, new_hash, by=user, keep=token) or True)
        is True
    )
