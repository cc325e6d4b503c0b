"""The yardstick for lists: the same register by a good developer who follows the manuals and measures nothing.

Flask, Flask-SQLAlchemy records, Flask-Login, Flask-WTF and a layout; fifty rows with what belongs to them loaded
eagerly, counted, ordered and cut by the database. It speaks one language, asks for no permission and gives no
hints, so it has less to do than the portal's own list.
"""

import os
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from flask import Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, login_required, login_user
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect, FlaskForm
from sqlalchemy.orm import joinedload, selectinload
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired

from portal.config import engine_options

url = os.environ["PORTAL_DATABASE_URL"]
app = Flask(__name__, template_folder="plain_templates")
app.config.update(
    SECRET_KEY=os.environ["BENCH_SECRET"],
    SQLALCHEMY_DATABASE_URI=url,
    # The same SQLite as the portal's.
    SQLALCHEMY_ENGINE_OPTIONS=engine_options(url) if url.startswith("sqlite") else {},
)
db = SQLAlchemy(app)
CSRFProtect(app)
login_manager = LoginManager(app)
login_manager.login_view = "login"

LEVELS = {"general": "一级经销商", "second_tier": "二级经销商", "retailer": "终端门店"}
STANDINGS = {
    "prospect": "意向",
    "active": "合作中",
    "suspended": "暂停",
    "eliminating": "淘汰中",
    "eliminated": "已淘汰",
}

with app.app_context():
    db.metadata.reflect(db.engine, only=["region", "user_account", "distributor", "distributor_phone"])


class Region(db.Model):
    __table__ = db.metadata.tables["region"]


class User(UserMixin, db.Model):
    __table__ = db.metadata.tables["user_account"]


class Phone(db.Model):
    __table__ = db.metadata.tables["distributor_phone"]


class Distributor(db.Model):
    __table__ = db.metadata.tables["distributor"]
    region = db.relationship(Region)
    owner = db.relationship(User)
    phones = db.relationship(Phone, order_by=Phone.no)


class LoginForm(FlaskForm):
    username = StringField("用户名", validators=[DataRequired()])
    password = PasswordField("密码", validators=[DataRequired()])


@login_manager.user_loader
def load_user(identity: str) -> Any:
    return db.session.get(User, int(identity))


@app.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    form = LoginForm()
    if form.validate_on_submit():
        user = db.session.scalar(db.select(User).where(User.username == form.username.data))
        try:
            PasswordHasher().verify(user.password_hash, form.password.data)
        except (VerificationError, AttributeError):
            form.password.errors = ["用户名或密码错误"]
        else:
            login_user(user)
            return redirect(url_for("distributors"), 303)
    return render_template("login.html", form=form)


@app.get("/distributors/")
@login_required
def distributors() -> ResponseReturnValue:
    statement = db.select(Distributor)
    if q := request.args.get("q"):
        statement = statement.where(Distributor.name.contains(q))
    if region := request.args.get("region", type=int):
        statement = statement.where(Distributor.region_id == region)
    if level := request.args.get("level"):
        statement = statement.where(Distributor.level == level)
    if standing := request.args.get("standing"):
        statement = statement.where(Distributor.standing == standing)
    page = db.paginate(
        statement.options(
            joinedload(Distributor.region), joinedload(Distributor.owner), selectinload(Distributor.phones)
        ).order_by(Distributor.code_key),
        per_page=50,
    )
    regions = db.session.scalars(db.select(Region).order_by(Region.path)).all()
    return render_template(
        "distributors.html", page=page, regions=regions, levels=LEVELS, standings=STANDINGS
    )


@app.get("/distributors/<int:identity>")
@login_required
def detail(identity: int) -> ResponseReturnValue:
    return db.get_or_404(Distributor, identity).name


@app.get("/healthz")
def healthz() -> ResponseReturnValue:
    return "ok"
