"""flask user …"""

import click
import sqlalchemy as sa
from flask.cli import AppGroup

from portal.domain.access.roles import Role
from portal.domain.errors import DomainError
from portal.domain.regions import services as regions
from portal.domain.users import services as users
from portal.domain.users.models import User
from portal.extensions import db
from portal.web.htmx import say
from portal.web.words import word

group = AppGroup("user", help="Users of the portal.")

_ROLE_HELP = "What the user is; the first user of all is an administrator unless you say otherwise."


@group.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), help=_ROLE_HELP)
@click.option(
    "--region", default=regions.HEAD_OFFICE_CODE, show_default=True, help="Code of the region granted."
)
@click.option("--full-name", default="", help="Name shown on screen and paper.")
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input instead of asking."
)
def add(name: str, role: str | None, region: str, full_name: str, password_stdin: bool) -> None:
    """Add user NAME with a role in a region's subtree; asks for the password twice."""
    given = _role(role)
    if password_stdin:
        password = click.get_text_stream("stdin").readline().rstrip("\r\n")
    else:
        password = click.prompt("Password 密码", hide_input=True, confirmation_prompt="Once more 再次输入")
    try:
        users.check_password(password, username=name, name=full_name)
        password_hash = users.hash_password(password)
        regions.head_office(db.session)
        node = regions.region_by_code(db.session, region)
        user = users.add_user(
            db.session,
            username=name,
            name=full_name or name,
            password_hash=password_hash,
            grants=[(given, node)],
        )
        db.session.commit()
    except DomainError as error:
        db.session.rollback()
        raise click.ClickException(f"{error} {say(error)}") from None
    click.echo(f"{user.username}: {given.value} {word(given)}, {node.name} ({node.code})")


def _role(role: str | None) -> Role:
    """The role that was named; the first user of a database need not name one: somebody has to set it up."""
    if role is not None:
        return Role(role)
    if db.session.scalar(sa.select(User.id).limit(1)) is None:
        return Role.ADMINISTRATOR
    roles = ", ".join(f"{known.value} {word(known)}" for known in Role)
    raise click.UsageError(f"Name the role with --role. 请用 --role 指定角色：{roles}")
