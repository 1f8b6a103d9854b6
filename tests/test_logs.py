"""aqboard's own log: silent unless it is asked for, one line for each record, and never a secret."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import aqboard
from aqboard.domain.errors import IdentityError
from aqboard.logs import configure
from aqboard.settings import LOG
from aqboard.signing.identify import from_proxy
from aqboard.signing.installation import Installation, Proxy
from aqboard.store.accounts import Account
from aqboard.web.server import gate
from aqboard.web.server.login_cookies import LoginCookies, picture
from aqboard.web.server.logins import Logins
from tests.web.asgi import Door

PACKAGE = Path(aqboard.__file__).parent
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARNING) aqboard\.\w+ \S+/\d+ .+")


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield
    monkeypatch.undo()
    configure()


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file that everything is logged into."""
    file = tmp_path / "aqboard.log"
    monkeypatch.setenv(LOG, f"debug:{file}")
    configure()
    return file


def in_a_process(setting: str | None, code: str) -> tuple[str, str]:
    """(stdout, stderr) of Python with the setting."""
    environment = {name: value for name, value in os.environ.items() if name != LOG}
    environment |= {} if setting is None else {LOG: setting}
    done = subprocess.run(
        [sys.executable, "-c", f"import logging; from aqboard.logs import configure; configure(); configure()\n{code}"],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    return done.stdout, done.stderr


SAY = "for word in ('debug', 'info', 'warning', 'error'): getattr(logging.getLogger('aqboard.server'), word)(word)"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (None, []),
        ("", []),
        ("debug", ["debug", "info", "warning", "error"]),
        (" Info", ["info", "warning", "error"]),
        ("error:", ["error"]),
    ],
)
def test_silent_unless_asked(setting: str | None, said: list[str]) -> None:
    out, err = in_a_process(setting, SAY)
    assert out == ""
    assert [line.rsplit(" ", 1)[1] for line in err.splitlines()] == said


@pytest.mark.parametrize("setting", ["loud", "debug:/nowhere/at/all.log", "debug:/"])
def test_a_setting_that_cannot_be_followed_costs_a_line_and_no_more(setting: str) -> None:
    out, err = in_a_process(setting, SAY + "\nprint('went on')")
    assert (out, err.count("\n")) == ("went on\n", 1)
    assert "aqboard: " in err
    assert "AQBOARD_LOG" in err


def test_several_processes_append_to_one_file(tmp_path: Path) -> None:
    file = tmp_path / "a b.log"
    for _ in range(2):
        assert in_a_process(f"info:{file}", SAY) == ("", "")
    assert [line.split()[1] for line in file.read_text().splitlines()] == ["INFO", "WARNING", "ERROR"] * 2


def test_a_name_cannot_forge_a_line(tmp_path: Path) -> None:
    # In a process of its own: pytest keeps what is logged here, and cannot send half a character to another process.
    file = tmp_path / "aqboard.log"
    name = "Eve\n2026-01-01T00:00:00.000Z INFO \x1b[2J\u2028\udcff Zoë"
    in_a_process(f"info:{file}", f"logging.getLogger('aqboard.sessions').info('from %s', {name!a})")
    (line,) = file.read_text(encoding="utf-8").splitlines()
    assert LINE.fullmatch(line)
    assert r"Eve\n2026" in line
    assert r"\x1b[2J\u2028\udcff Zoë" in line


def test_another_programs_log_keeps_its_settings(tmp_path: Path) -> None:
    code = "logging.basicConfig(format='root %(message)s')\n" + SAY + "\nlogging.getLogger('theirs').error('theirs')"
    file = tmp_path / "ours.log"
    assert in_a_process(f"error:{file}", code) == ("", "root theirs\n")
    assert file.read_text().endswith(" error\n")
    assert file.read_text().count("\n") == 1
    assert in_a_process(None, code) == ("", "root warning\nroot error\nroot theirs\n"), "as any library's log"


ACCOUNT = Account(row=1, name="grace", person="Grace", roles=(), password="$argon2", disabled=False)
TOKEN = "a-token-of-the-right-length-0123456789"
WRONG = "another-token-that-somebody-mistyped-98765"


def test_the_gate_says_who_was_refused_and_nothing_that_was_shown(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "WRONG_WAITS_S", 0.0)
    door = Door(lambda app: gate.Gate(app, TOKEN))
    door.ask(f"/{TOKEN}")
    door.ask("/", f"token={WRONG}")
    door.ask("/_stcore/stream", f"token={TOKEN}", kind="websocket")
    cookie = door.ask("/", f"token={TOKEN}").cookie
    door.ask("/", cookie=cookie + "x")
    assert door.ask("/", cookie=cookie).body == "the board"
    text = log.read_text()
    assert "asked for the access token" in text
    assert "WARNING aqboard.server" in text and "a wrong access token from" in text
    assert "was let in by the access token" in text
    assert "a websocket from" in text
    nothing_of(text, TOKEN, WRONG, cookie.partition("=")[2])


def test_sign_ins_are_logged_without_what_was_typed(log: Path, tmp_path: Path) -> None:
    logins = Logins()
    begun = logins.begin(ACCOUNT)
    board = Door(lambda app: LoginCookies(app, logins))
    address = "/" + picture(begun.ticket).split('"')[1]
    cookie = board.ask(address).cookie.partition("=")[2]
    board.ask(address)
    secret = tmp_path / "secret"
    secret.write_text("s" * 40)
    secret.chmod(0o600)
    here = Installation(mode="proxy", proxy=Proxy(secret_file=secret))
    with pytest.raises(IdentityError):
        from_proxy({"X-Forwarded-User": "eve", "X-Aqboard-Proxy-Secret": "g" * 40}, here)
    text = log.read_text()
    assert "refused the cookie of a sign-in" in text
    assert "without the secret of the trusted proxy" in text
    nothing_of(text, begun.ticket, begun.key, cookie, ACCOUNT.password, "s" * 40, "g" * 40)


def nothing_of(text: str, *secrets: str) -> None:
    assert text.splitlines()
    assert all(LINE.fullmatch(line) for line in text.splitlines())
    for secret in secrets:
        assert secret not in text
        assert secret[:12] not in text


SECRET = re.compile(
    r"token|password|cookie|secret|ticket|shown|typed|claims|headers|environ|state\[|\bname\b", re.IGNORECASE
)
CALLS = ("debug", "info", "warning", "error", "exception", "critical", "log")


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_call_of_a_logger_is_handed_a_secret(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS:
            if ast.unparse(node.func.value) != "logger":
                continue
            template, *values = node.args
            assert isinstance(template, ast.Constant), f"line {node.lineno}: values go in by %s"
            for value in values:
                assert not SECRET.search(ast.unparse(value).replace("account.name", "")), f"line {node.lineno}"
