"""Stands in for the probe process: same arguments, same events, and probes that do what their name says."""

import os
import resource
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from aqboard.domain.errors import SessionError
from aqboard.domain.session.events import ProbeOutcome
from aqboard.sessions.events import Ended, Progressed, Started, append
from aqboard.sessions.processes import die_with_parent


def measured(probe: str) -> Ended:
    return Ended(outcome=ProbeOutcome(probe=probe, status="measured", evidence={}, seconds=0.01))


def act(probe: str, events: Path) -> None:
    match probe:
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "exits":
            sys.exit(3)
        case "torn":
            with events.open("ab") as file:
                file.write(b'{"event": "ended", "outc')
            os._exit(1)
        case "hangs":
            time.sleep(120)
        case "garbage":
            sys.stdout.buffer.write(os.urandom(100_000) + b'\n{"event":"ended"}\n\x1b[2J')
            sys.stdout.flush()
        case "floods":
            while True:
                os.write(1, b"x" * (1 << 16))
        case "forks":
            for _ in range(3):
                if os.fork() == 0:
                    os.setsid()  # out of reach of a signal to the group
                    if os.fork() == 0:
                        (events.parent / f"stray-{os.getpid()}").touch()
                        time.sleep(120)
                    os._exit(0)
            while len(list(events.parent.glob("stray-*"))) < 3:
                time.sleep(0.01)
        case "memory":
            resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
            bytearray(8 << 30)
        case "slow":
            for part in range(10):
                append(events, Progressed(probe=probe, message=f"{part} of 10"))
                time.sleep(0.1)
        case "twice":
            append(events, measured(probe))
        case "kills_session":
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(120)
        case "fills":
            with suppress(OSError):
                (events.parent / "big").write_bytes(bytes(64 << 20))
            append(events, Progressed(probe=probe, message="x" * 8192))


def main(_: str, events: str, *probes: str) -> None:
    for probe in probes:
        append(Path(events), Started(probe=probe))
        print("noise from the team's code", flush=True)
        act(probe, Path(events))
        append(Path(events), measured(probe))


if __name__ == "__main__":
    die_with_parent()
    try:
        main(*sys.argv[1:])
    except SessionError as error:
        sys.stderr.write(f"{error.message}\n")
        sys.exit(74)
