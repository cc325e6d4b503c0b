"""The commands, one module per group; each is loaded when it is called, since the server calls none."""

from importlib import import_module

import click
from flask import Flask
from flask.cli import AppGroup, FlaskGroup

from portal.later import later

blueprints = later("portal.blueprints")

# Its name, and where it stands.
_COMMANDS = {
    "agreements": ("portal.cli.agreements", "group"),
    "backup": ("portal.cli.backup", "backup"),
    "db": ("flask_migrate.cli", "db"),
    "demo": ("portal.cli.demo", "command"),
    "distributors": ("portal.cli.distributors", "group"),
    "doctor": ("portal.cli.doctor", "doctor"),
    "funds": ("portal.cli.funds", "group"),
    "ledger": ("portal.cli.ledger", "group"),
    "seal": ("portal.cli.seal", "group"),
    "purchases": ("portal.cli.purchases", "group"),
    "restore": ("portal.cli.backup", "restore"),
    "user": ("portal.cli.users", "group"),
}
# They print papers, whose codes lead to a page.
_WITH_PAGES = frozenset({"demo", "funds"})


def asked_for() -> bool:
    """Whether the application is loaded for a command of its own; for `flask run` or `routes` it is not."""
    context = click.get_current_context(silent=True)
    return context is not None and isinstance(context.command, FlaskGroup)


class Commands(AppGroup):
    """The commands of the application, which may have been loaded without its pages."""

    def __init__(self, app: Flask, *, pages: bool) -> None:
        super().__init__(app.name)
        self._app, self._has_pages = app, pages

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, in order."""
        return sorted({*super().list_commands(ctx), *_COMMANDS})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, None when there is none."""
        if cmd_name not in _COMMANDS:
            return super().get_command(ctx, cmd_name)
        if cmd_name in _WITH_PAGES and not self._has_pages:
            blueprints.register(self._app)
            self._has_pages = True
        module, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), name)
        return command


def register(app: Flask, *, pages: bool) -> None:
    """Bind them; `pages` says whether the blueprints are there."""
    app.cli = Commands(app, pages=pages)
