"""The commands, one module per group."""

from flask import Flask

from portal.cli import agreements, backup, demo, distributors, doctor, users


def register(app: Flask) -> None:
    """Bind every group of commands."""
    app.cli.add_command(users.group)
    app.cli.add_command(distributors.group)
    app.cli.add_command(agreements.group)
    app.cli.add_command(demo.command)
    app.cli.add_command(backup.backup)
    app.cli.add_command(backup.restore)
    app.cli.add_command(doctor.doctor)
