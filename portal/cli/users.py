"""flask user …"""

import click
from flask.cli import AppGroup

from portal.domain.access.roles import Role
from portal.domain.errors import DomainError
from portal.domain.regions import services as regions
from portal.domain.users import services as users
from portal.extensions import db

group = AppGroup("user", help="Users of the portal.")


@group.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option(
    "--region", default=regions.HEAD_OFFICE_CODE, show_default=True, help="Code of the region granted."
)
@click.option("--full-name", default="", help="Name shown on screen and paper.")
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input instead of asking."
)
def add(name: str, role: str, region: str, full_name: str, password_stdin: bool) -> None:
    """Add user NAME with a role in a region's subtree; asks for the password twice."""
    if password_stdin:
        password = click.get_text_stream("stdin").readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
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
            grants=[(Role(role), node)],
        )
        db.session.commit()
    except DomainError as error:
        db.session.rollback()
        raise click.ClickException(str(error)) from None
    click.echo(f"{user.username}: {role} in {node.name} ({node.code})")
