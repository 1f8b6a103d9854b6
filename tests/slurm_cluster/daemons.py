"""Starting, finding and ending the processes of the cluster for tests."""

import contextlib
import fcntl
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
"""Debian keeps the daemons where an ordinary user's PATH does not look."""

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol", "squeue", "scancel", "sinfo")


def missing() -> tuple[str, ...]:
    """The programs that are not installed here."""
    return tuple(name for name in NEEDED if shutil.which(name, path=PATH) is None)


def isolating() -> bool:
    """Whether each slurmd can have a host name and an /etc/hosts of its own; needs root, and not every container."""
    test = subprocess.run(["unshare", "--mount", "--uts", "true"], capture_output=True, check=False, timeout=10)
    return test.returncode == 0


def as_node(name: str, hosts: Path) -> tuple[str, ...]:
    """The words before a command that make it believe it runs on the machine `name`."""
    become = 'mount --bind "$1" /etc/hosts && hostname "$2" && shift 2 && exec "$@"'
    return ("unshare", "--mount", "--uts", "--propagation", "private", "sh", "-c", become, "sh", str(hosts), name)


def start(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a daemon in the foreground, in a session of its own; it ends with this process, even when killed."""
    with log.open("ab") as file:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", *command],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,
        )


def end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Kill all; they hold nothing that is wanted later, and a polite slurmctld takes three seconds."""
    for process in processes:
        process.kill()
    for process in processes:
        process.wait()


def carrying(variable: str, value: str) -> Iterator[tuple[int, dict[str, str]]]:
    """(pid, environment) of every process, this one apart, in whose environment `variable` has this value."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            words = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
        except OSError:  # gone meanwhile, or another user's
            continue
        environment = dict(word.split("=", 1) for word in words if "=" in word)
        if environment.get(variable) == value:
            yield int(folder.name), environment


def kill(pid: int) -> None:
    """End a process at once; one that has ended already is fine."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition came true in time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


@contextlib.contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Wait until no other test process is inside: between finding free ports and listening on them lies a moment."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def free_ports(count: int) -> int:
    """The first of `count` neighbouring free ports on loopback.

    Above 20000, because launch scripts take 10000 and the job id for their own; below the range of ephemeral ports.
    """
    for _ in range(200):
        first = random.randrange(20_000, 32_000 - count)
        with contextlib.ExitStack() as taken:
            try:
                for port in range(first, first + count):
                    taken.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return first
    raise RuntimeError(f"no {count} neighbouring free ports between 20000 and 32000")
