"""The commands, one module per group; each is loaded when it is called, since the server calls none."""

from importlib import import_module

import click
from flask import Flask
from flask.cli import AppGroup

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


class Commands(AppGroup):
    """The commands of the application."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, in order."""
        return sorted({*super().list_commands(ctx), *_COMMANDS})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, None when there is none."""
        if cmd_name not in _COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), name)
        return command


def register(app: Flask) -> None:
    """Bind them."""
    app.cli = Commands(app.name)
