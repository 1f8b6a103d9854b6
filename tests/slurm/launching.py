"""A signed launch of the sample attempt whose training is a program of a few lines, for tests on the real Slurm."""

import sys
from dataclasses import dataclass
from pathlib import Path

from aqboard.domain.plan import LaunchPlan
from aqboard.domain.signing.signoff import Decision
from aqboard.signing.decide import decide
from aqboard.store import Store, StoredAttempt
from tests.sample_attempts import add_attempt, fixed_evidence, sample_plan, write_files
from tests.slurm_cluster import ACCOUNT, SlurmCluster

MEET = """
import json, os, socket, sys, time
e = os.environ
me = {key: e.get(key) for key in ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", "SLURM_NODEID", "SLURMD_NODENAME")}
me |= {key: e.get(key) for key in ("MASTER_ADDR", "MASTER_PORT", "RANK", "AQBOARD_MANIFEST", "AQBOARD_CANARY")}
rank, world, place = int(me["SLURM_PROCID"]), int(me["SLURM_NTASKS"]), (e["MASTER_ADDR"], int(e["MASTER_PORT"]))
if rank == 0:
    server = socket.create_server(place, backlog=2048)
    server.settimeout(120)
    seen, others = [me], []
    while len(seen) < world:
        other, _ = server.accept()
        other.settimeout(60)
        seen.append(json.loads(other.makefile().readline()))
        others.append(other)
    for other in others:
        other.sendall(b"go\\n")
    with open(f"ranks-{e['SLURM_JOB_ID']}.json", "w") as file:
        json.dump(seen, file)
else:
    for _ in range(600):
        try:
            server = socket.create_connection(place, timeout=60)
            break
        except OSError:
            time.sleep(0.1)
    server.sendall((json.dumps(me) + "\\n").encode())
    assert server.makefile().readline() == "go\\n"
"""
"""Every task meets the others at MASTER_ADDR:MASTER_PORT, as a process group does; rank 0 writes down what they see."""

LOG = """
import os, time
if os.environ["SLURM_PROCID"] == "0":
    with open("training.csv", "w") as log:
        log.write("epoch,step,train_loss,val_loss\\n")
        for step in range(0, 60, 10):
            log.write(f"0,{step},{0.7 - step / 1000},{0.356 if step % 30 == 0 else ''}\\n")
        log.flush()
        time.sleep(1.5)
"""
"""A training that logs as Lightning's CSVLogger does, and goes on for more than a second."""

CANARY_DIES = 'import os, sys\nsys.exit(7 if os.environ.get("AQBOARD_CANARY") else 0)\n'


@dataclass(frozen=True)
class Launch:
    """A stored attempt with a GO."""

    store: Store
    number: int
    script: Path

    @property
    def stored(self) -> StoredAttempt:
        """The attempt as it stands."""
        return self.store.attempt(self.number)


def signed(cluster: SlurmCluster, store: Store, training: str, **changes: object) -> Launch:
    """A signed launch of `training` (Python text) in a folder of its own; `changes` are those of the job."""
    work = store.path.parent / "work"
    write_files(work)
    program = work / "train.py"
    program.write_text(training)
    plan = sample_plan(work, training={"log": "training.csv"})
    job = {
        **plan.cluster.model_dump(),
        "account": ACCOUNT,
        "nodes": 2,
        "time": "00:10:00",
        "workdir": str(work),
        "command": ["python3", str(program)],
        "python": sys.executable,
        **changes,
    }
    plan = LaunchPlan.model_validate({**plan.model_dump(), "cluster": job})
    number = add_attempt(store, plan, fixed_evidence(plan))
    script = decide(store, number, person="Ada", decision=Decision.GO).script
    assert script is not None
    return Launch(store, number, Path(script.path))
