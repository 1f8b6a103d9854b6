"""The second wall: read a user's file in a child process with bounded memory and time.

Protects the caller against a mistake in the readers themselves: a child that eats memory, hangs or dies becomes a
ReadError. The child starts Python afresh (never a fork of a process with threads or torch in it), imports the readers
and numpy, no torch, sets its own limits, and answers with JSON.
"""

import importlib
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from aqboard.readers.errors import ReadError

Answer = TypeVar("Answer", bound=BaseModel)

MEMORY_BYTES = 2 << 30
SECONDS = 120.0

READERS = ("aqboard.readers.",)
"""Modules a child may be asked to run a function of."""

_TOO_LONG_AN_ANSWER = 64 << 20
_START = "from aqboard.readers.sandbox import _child; _child()"


def run_sandboxed(
    reader: str,
    answer: type[Answer],
    arguments: Sequence[object],
    *,
    memory_bytes: int = MEMORY_BYTES,
    seconds: float = SECONDS,
) -> Answer:
    """Call `reader` ("aqboard.readers.module:function") with JSON-able arguments in a child; its answer.

    The function must return an `answer`. `memory_bytes` bounds the child's address space, `seconds` its processor
    time and the time on the clock.

    Raises the child's ReadError as it is; `timeout`, `out-of-memory` or `reader-died` for what ended the child;
    `no-answer` when what came back cannot be understood.
    """
    order = {"reader": reader, "arguments": list(arguments), "memory": memory_bytes, "seconds": seconds}
    # `-P` keeps the current folder off the import path: a numpy.py beside the user's files must not be imported.
    command = [sys.executable, "-P", "-c", _START]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(order).encode(),
            capture_output=True,
            timeout=seconds,
            env=_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _timeout(arguments, seconds) from None
    if done.returncode:
        raise _why_the_child_died(done.returncode, done.stderr, arguments, memory_bytes, seconds)
    return _understand(done.stdout, answer, arguments)


def _understand(text: bytes, answer: type[Answer], arguments: Sequence[object]) -> Answer:
    try:
        reply = json.loads(text)
        error = reply.get("error")
        if error is not None:
            raise ReadError(error["message"], code=error["code"])
        return answer.model_validate(reply["answer"])
    except (ValueError, TypeError, KeyError, AttributeError, ValidationError):
        raise ReadError(f"The process that read {_name(arguments)} gave no usable answer.", code="no-answer") from None


def _timeout(arguments: Sequence[object], seconds: float) -> ReadError:
    return ReadError(
        f"Reading {_name(arguments)} took longer than {seconds:g} s and was stopped; the file is made to stall a "
        "reader, or its disk does not answer.",
        code="timeout",
    )


def _why_the_child_died(
    status: int, stderr: bytes, arguments: Sequence[object], memory: int, seconds: float
) -> ReadError:
    """What a child's death means."""
    if -status == signal.SIGXCPU:
        return _timeout(arguments, seconds)
    if b"MemoryError" in stderr or -status == signal.SIGKILL:
        return ReadError(
            f"Reading {_name(arguments)} needed more than {memory >> 20} MB and was stopped; "
            "no honest cache or checkpoint asks for so much.",
            code="out-of-memory",
        )
    last = stderr.decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
    how = f"signal {-status}" if status < 0 else f"exit code {status}"
    detail = f" ({last})" if last else ""
    return ReadError(f"The process that read {_name(arguments)} died: {how}{detail}.", code="reader-died")


def _name(arguments: Sequence[object]) -> str:
    return str(arguments[0]) if arguments else "the file"


def _environment() -> dict[str, str]:
    """The caller's environment, with one thread per library: thread pools reserve address space by the gigabyte."""
    return {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def _child() -> None:
    """Run in the child: limits first, then the reader, then one JSON document."""
    order = json.loads(sys.stdin.buffer.read())
    module, _, name = order["reader"].partition(":")
    if not module.startswith(READERS):
        _refuse("no reader of aqboard.readers was asked for")
    function = getattr(importlib.import_module(module), name)
    seconds = int(order["seconds"]) + 1
    resource.setrlimit(resource.RLIMIT_AS, (order["memory"], order["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        text = json.dumps({"answer": function(*order["arguments"]).model_dump(mode="json")})
    except ReadError as error:
        text = json.dumps({"error": {"code": error.code, "message": error.message}})
    except MemoryError:
        # Leave at once: without memory even the traceback and the interpreter's own clean-up can hang.
        os.write(2, b"MemoryError")
        os._exit(3)
    if len(text) > _TOO_LONG_AN_ANSWER:
        _refuse("the answer is too long")
    sys.stdout.write(text)


def _refuse(reason: str) -> NoReturn:
    sys.stderr.write(reason)
    sys.exit(3)
