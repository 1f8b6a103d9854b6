"""A group of commands of which each is imported when it is asked for: `aqboard --help` alone needs them all.

Every module costs its imports, together 0.7 s, and most commands need a tenth of that.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

COMMANDS: Mapping[str, str] = {
    "check": "check:check",
    "attempts": "attempts:attempts",
    "sessions": "sessions:sessions",
    "cancel": "sessions:cancel",
    "logs": "logs:logs",
    "import": "sessions:import_session",
    "judge": "judge:judge",
    "checks": "checks:checks",
    "explain": "checks:explain",
    "sign": "sign:sign",
    "waive": "waive:waive",
    "profiles": "checks:profiles",
    "launch": "launch:launch",
    "demo": "demo:demo",
    "serve": "serve:serve",
    "digest": "digest:digest",
    "jobs": "launch:app",
    "account": "account:app",
    "audit": "audit:app",
    "cache": "cache:app",
    "checkpoint": "checkpoint:app",
    "target": "target:app",
    "db": "db:app",
    "script": "script:app",
}
"""Every command, in the order of the help, and where it is: `module:name` in `aqboard.cli`, a function or an app."""


class Commands(TyperGroup):
    """The commands of `COMMANDS`."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        names: Any = dict.fromkeys(COMMANDS)
        self.commands = names  # a misspelt name is compared with these

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, imported now; None when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found = getattr(import_module(f"aqboard.cli.{module}"), name)
        if isinstance(found, typer.Typer):
            command: Any = get_group(found)
        else:
            alone = typer.Typer(add_completion=False)
            alone.command(cmd_name)(found)
            command = get_command(alone)
        command.name = cmd_name
        return command
