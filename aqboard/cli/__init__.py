"""The `aqboard` command: joins everything, decides nothing."""

import typer

from aqboard import __version__
from aqboard.cli import (
    account,
    attempts,
    audit,
    cache,
    check,
    checkpoint,
    checks,
    db,
    demo,
    digest,
    launch,
    logs,
    profiles,
    script,
    serve,
    sessions,
    sign,
    target,
    waive,
)
from aqboard.cli.output import out

app = typer.Typer(
    name="aqboard",
    help="Stands between a team and a large training launch: check, compare, sign off, write the script.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("check")(check.check)
app.command("attempts")(attempts.attempts)
app.command("sessions")(sessions.sessions)
app.command("cancel")(sessions.cancel)
app.command("logs")(logs.logs)
app.command("import")(sessions.import_session)
app.command("checks")(checks.checks)
app.command("explain")(checks.explain)
app.command("sign")(sign.sign)
app.command("waive")(waive.waive)
app.command("profiles")(profiles.profiles)
app.command("launch")(launch.launch)
app.add_typer(launch.app, name="jobs")
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("digest")(digest.digest)
app.add_typer(account.app, name="account")
app.add_typer(audit.app, name="audit")
app.add_typer(cache.app, name="cache")
app.add_typer(checkpoint.app, name="checkpoint")
app.add_typer(target.app, name="target")
app.add_typer(db.app, name="db")
app.add_typer(script.app, name="script")


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"aqboard {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """Exit codes: 0 fine or READY, 1 a fault found or NOT READY, 2 cannot tell."""


def main() -> None:
    """Entry point of the `aqboard` script."""
    app()
