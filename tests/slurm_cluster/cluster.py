"""The cluster for tests as a whole: start it, ask it, lose one of its nodes, stop it."""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.slurm_cluster import daemons
from tests.slurm_cluster.layout import Layout, Ports, gres_conf, job_submit_lua, slurm_conf

STARTS_S = 60.0
CALL_S = 90.0
"""Longest that one Slurm command may take: on two cores with 400 tasks it takes its time."""
SLURMS_OWN = ("SLURM", "SBATCH_", "SALLOC_", "SRUN_", "SQUEUE_", "SINFO_", "SCANCEL_", "SACCT_")


@dataclass
class SlurmCluster:
    """A running Slurm. Everything it writes is in `folder`, which is gone when it has stopped."""

    layout: Layout
    folder: Path
    isolated: bool
    """Whether each node has its own host name, and names of nodes resolve inside jobs."""
    _daemons: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _slurmd: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def conf(self) -> Path:
        """The value of SLURM_CONF that leads to this cluster."""
        return self.folder / "slurm.conf"

    @property
    def work(self) -> Path:
        """A folder for scripts and logs of jobs."""
        return self.folder / "work"

    def environment(self) -> dict[str, str]:
        """This process's environment, so that Slurm's commands reach this cluster and no setting leaks in."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(SLURMS_OWN)}
        return {**kept, "SLURM_CONF": str(self.conf), "PATH": daemons.PATH}

    def lead_here(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let this process's own calls of Slurm's commands reach this cluster."""
        for name in os.environ:
            if name.startswith(SLURMS_OWN):
                monkeypatch.delenv(name)
        for name in ("SLURM_CONF", "PATH"):
            monkeypatch.setenv(name, self.environment()[name])

    def run(self, *command: str, check: bool = True) -> str:
        """Run one Slurm command in the work folder; its stdout. Fails the test with its stderr."""
        done = subprocess.run(
            command, env=self.environment(), cwd=self.work, capture_output=True, text=True, timeout=CALL_S, check=False
        )
        if check and done.returncode != 0:
            pytest.fail(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def state(self, job: str) -> str:
        """What Slurm calls the state of a job."""
        return self.run("squeue", "--noheader", "--states=all", f"--jobs={job}", "--format=%T").strip()

    def wait(self, job: str, *states: str, seconds: float = 60.0) -> str:
        """Wait until the job is in one of these states; fails the test with the daemons' logs when it never is."""
        if not daemons.wait_for(lambda: self.state(job) in states, seconds):
            pytest.fail(f"job {job} is {self.state(job)}, not {' or '.join(states)} after {seconds:g} s\n{self.logs()}")
        return self.state(job)

    def lose(self, node: str) -> None:
        """The node loses power: its slurmd and all its jobs' processes are killed; the controller is told at once."""
        daemons.end([self._slurmd[node]])
        self._killed(lambda environment: environment.get("SLURMD_NODENAME") == node)
        self.run("scontrol", "update", f"nodename={node}", "state=down", "reason=lost power")

    def restore(self, node: str) -> None:
        """The node is back, idle."""
        self._start_slurmd(node)
        self.run("scontrol", "update", f"nodename={node}", "state=resume")
        self._require(lambda: self._idle([node]), f"node {node} came back")

    def cancel_all(self) -> None:
        """End every job and wait until all nodes are free again."""
        if self.run("squeue", "--noheader", "--format=%A").split():
            self.run("scancel", "--full", "--signal=KILL", f"--user={getpass.getuser()}")
            self.run("scancel", f"--user={getpass.getuser()}")
            self._require(lambda: not self.run("squeue", "--noheader", "--format=%A").split(), "every job ended")

    def logs(self, lines: int = 15) -> str:
        """The last lines of what each daemon wrote."""
        told = []
        for path in sorted(self.folder.glob("*.log")):
            told += [f"--- {path.name}", *path.read_text(errors="replace").splitlines()[-lines:]]
        return "\n".join(told)

    def start(self) -> None:
        """Start every daemon and wait until all nodes with a slurmd are idle."""
        self._start_daemon("munged", "--foreground", "--force", *self._munge_files())
        self._require((self.folder / "munge.sock").exists, "munged listens")
        with daemons.alone(Path(tempfile.gettempdir()) / f"aqboard-slurm-{os.getuid()}.lock"):
            ports = Ports(daemons.free_ports(Ports.needed(self.layout)))
            host = socket.gethostname().partition(".")[0]
            self.conf.write_text(slurm_conf(self.layout, ports, self.folder, host=host, user=getpass.getuser()))
            self._start_daemon("slurmctld", "-D", "-i", "-c", "-f", str(self.conf))
            for node in self.layout.real_names:
                self._start_slurmd(node)
            self._require(lambda: "is UP" in self.run("scontrol", "ping", check=False), "slurmctld answers")
            self._require(lambda: self._idle(self.layout.real_names), "every slurmd registered")

    def stop(self) -> None:
        """End everything that was started here, daemons and jobs, also after a failed start."""
        daemons.end([*self._slurmd.values(), *self._daemons])
        daemons.wait_for(lambda: not self._killed(lambda environment: "SLURMD_NODENAME" in environment), STARTS_S)

    def _killed(self, chosen: Callable[[dict[str, str]], bool]) -> bool:
        """Whether there were processes of jobs, or their slurmstepds, among the chosen; they are killed."""
        found = [pid for pid, of in daemons.carrying("SLURM_CONF", str(self.conf)) if chosen(of)]
        for pid in found:
            daemons.kill(pid)
        return bool(found)

    def _start_daemon(self, *command: str) -> None:
        log = self.folder / f"{command[0]}.log"
        self._daemons.append(daemons.start(command, log, self.environment()))

    def _start_slurmd(self, node: str) -> None:
        (self.folder / "spool" / node).mkdir(parents=True, exist_ok=True)
        before = daemons.as_node(node, self.folder / "hosts") if self.isolated else ()
        command = (*before, "slurmd", "-D", "-N", node, "-f", str(self.conf))
        environment = {**self.environment(), "SLURMD_NODENAME": node}
        self._slurmd[node] = daemons.start(command, self.folder / f"slurmd.{node}.log", environment)

    def _munge_files(self) -> tuple[str, ...]:
        files = {"key-file": "munge.key", "socket": "munge.sock", "pid-file": "munged.pid", "seed-file": "munge.seed"}
        return tuple(f"--{option}={self.folder / name}" for option, name in files.items())

    def _idle(self, nodes: Sequence[str]) -> bool:
        command = ("sinfo", "--noheader", "--Node", f"--nodes={','.join(nodes)}", "--states=idle", "--format=%N")
        return set(self.run(*command).split()) >= set(nodes)

    def _require(self, condition: Callable[[], bool], what: str) -> None:
        if not daemons.wait_for(condition, STARTS_S):
            pytest.fail(f"not true after {STARTS_S:g} s: {what}\n{self.logs()}")


@contextlib.contextmanager
def running(real: int = 0, *, nodes: int = 60, dev: int = 1, harsh: bool = False) -> Iterator[SlurmCluster]:
    """A cluster, stopped at the end whatever happens. The counts and `harsh` are those of `Layout`.

    Skips the test where Slurm is not installed; with AQBOARD_REQUIRE_SLURM=1 fails it.
    """
    if lacking := daemons.missing():
        told = f"Slurm is not installed here ({', '.join(lacking)} not found); `make slurm` installs it on Debian"
        if os.environ.get("AQBOARD_REQUIRE_SLURM") == "1":
            pytest.fail(f"AQBOARD_REQUIRE_SLURM=1, but {told}")
        pytest.skip(told)
    # Short on purpose: sockets lie below it, whose paths may have 108 bytes, and pytest's own folders are too long.
    folder = Path(tempfile.mkdtemp(prefix="aqslurm-", dir="/tmp"))
    cluster = SlurmCluster(Layout(real, max(nodes, real), dev, harsh), folder, daemons.isolating())
    try:
        _prepare(cluster)
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(cluster: SlurmCluster) -> None:
    for name in ("state", "spool", "dev", "work"):
        (cluster.folder / name).mkdir()
    for index in range(8):
        (cluster.folder / "dev" / f"gpu{index}").symlink_to("/dev/null")
    key = cluster.folder / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(os.urandom(1024))
    (cluster.folder / "gres.conf").write_text(gres_conf(cluster.folder))
    (cluster.folder / "cgroup.conf").write_text("CgroupAutomount=no\n")  # unused; each daemon asks for one
    (cluster.folder / "job_submit.lua").write_text(job_submit_lua())
    names = "".join(f"127.0.0.1 {name}\n" for name in cluster.layout.real_names)
    (cluster.folder / "hosts").write_text(Path("/etc/hosts").read_text() + names)
