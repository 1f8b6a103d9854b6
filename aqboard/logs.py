"""aqboard's own log: standard `logging` below the name `aqboard`, silent unless `AQBOARD_LOG` asks for it.

Loggers are named after what they tell of: `aqboard.server`, `aqboard.sessions`, `aqboard.guard`. No token, password or
cookie is ever logged, nor what may hold one by mistake: the account name of a refused sign-in, the address asked for.
"""

import logging
import socket
import sys
import time

from aqboard.settings import LOG, log_setting

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

_ROOT = logging.getLogger("aqboard")
_ROOT.addHandler(logging.NullHandler())  # otherwise Python prints warnings that nobody asked for
_applied = ""
_handler: logging.Handler | None = None


class _OneLine(logging.Formatter):
    """A line for each record: time in UTC, level, logger, machine and process, text without control characters."""

    converter = time.gmtime  # type: ignore[assignment]  # typeshed knows it with an optional argument alone
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__(f"%(asctime)s %(levelname)s %(name)s {socket.gethostname()}/%(process)d %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line; a newline or an escape sequence in a name cannot forge another one."""
        text = super().formatMessage(record)
        return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def configure() -> None:
    """Follow `AQBOARD_LOG`; for the start of each process, and harmless when called again.

    Never raises: a log that cannot be written, or a setting that is not understood, costs one line on stderr.
    """
    global _applied, _handler
    setting = log_setting()
    if setting == _applied:
        return
    _applied = setting
    if _handler is not None:
        _ROOT.removeHandler(_handler)
        _handler.close()
    _handler, level = _wanted(setting)
    _ROOT.setLevel(level)
    _ROOT.propagate = _handler is None
    if _handler is not None:
        _handler.setFormatter(_OneLine())
        _ROOT.addHandler(_handler)


def _wanted(setting: str) -> tuple[logging.Handler | None, int]:
    word, _, file = setting.partition(":")
    if not setting:
        return None, logging.NOTSET
    if (level := LEVELS.get(word.strip().lower())) is None:
        usage = f"{', '.join(LEVELS)}, or LEVEL:FILE"
        sys.stderr.write(f"aqboard: {LOG}={setting!r} is not understood; nothing is logged. Use {usage}.\n")
        return None, logging.NOTSET
    if not file:
        return logging.StreamHandler(), level
    try:
        return logging.FileHandler(file, encoding="utf-8", errors="backslashreplace"), level
    except (OSError, ValueError) as error:
        sys.stderr.write(f"aqboard: the log {file!r} cannot be written ({error}); nothing is logged. See {LOG}.\n")
        return None, logging.NOTSET
