"""The script under a real bash, with srun and scontrol replaced by programs that write down what they were given."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from aqboard.launch.profile import load_profile
from aqboard.launch.script import Approval, render
from tests.launch.launch_samples import attempt, content, go, plan

HOSTILE = (
    "$(touch MARK)",
    "`touch MARK`",
    "; touch MARK #",
    "&& touch MARK",
    "| touch MARK",
    "'; touch MARK; '",
    '"; touch MARK; "',
    "${IFS}touch${IFS}MARK",
    "$HOME ~ * ? [a] {a,b} !!",
    "\\",
    "a\\'b\\",
    "-n",
    "--",
    "SIGNED_FILES",
    "%x-%j",
    "{{ cluster }} {% raw %}",
    "é 風 \U0001f32c \u202egnp.x \u2028 \x7f",
    " lead and trail ",
)

SRUN = r"""#!/bin/bash
printf '%s\0' "$@" > "$RECORD/srun"
{ pwd; printf '%s\n' "$MASTER_ADDR" "$MASTER_PORT" "$SRUN_CPUS_PER_TASK" "${RANK-unset}" "${NCCL_SOCKET_IFNAME-unset}"
} > "$RECORD/environment"
while [[ "$1" == --* ]]; do shift; done
SLURM_LOCALID=1 "$@" &
sleep 0.2
SLURM_LOCALID=0 "$@"
wait $!
"""
SCONTROL = '#!/bin/bash\n[[ "$*" == "show hostnames nid[1-2]" ]] && printf "nid1\\nnid2\\n"\n'
TASK = r"""#!/bin/bash
printf '%s\0' "$@" > "$RECORD/task$SLURM_LOCALID"
printf '%s' "${MIOPEN_USER_DB_PATH-}" > "$RECORD/miopen$SLURM_LOCALID"
"""


class Node:
    """A folder with the fake programs in it, standing for the first node of the job."""

    def __init__(self, folder: Path) -> None:
        self.record = folder / "record"
        self.inputs = folder / "inputs"
        self.bin = folder / "bin"
        for place in (self.record, self.inputs, self.bin):
            place.mkdir()
        for name, text in (("srun", SRUN), ("scontrol", SCONTROL), ("train", TASK)):
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)

    def run(self, of: object, **environment: str) -> subprocess.CompletedProcess[str]:
        """Write the input files that are missing, and run the signed script of plan `of` as slurmd would."""
        for _, path in of.input_files():
            if not path.exists():
                path.write_bytes(content(path))
        script = self.record.parent / "job.sbatch"
        script.write_text(render(attempt(of), load_profile(of.cluster.profile), Approval.of(go())), encoding="utf-8")
        return subprocess.run(["bash", script], cwd=self.inputs, env=self.slurm() | environment, **CAPTURED)

    def slurm(self) -> dict[str, str]:
        """The environment of a batch step on 2 nodes x 4 GPUs."""
        return {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "RECORD": str(self.record),
            "SLURM_JOB_NUM_NODES": "2",
            "SLURM_NTASKS": "8",
            "SLURM_JOB_NODELIST": "nid[1-2]",
            "SLURM_JOB_ID": str(os.getpid()),
            "SLURM_CPUS_ON_NODE": "64",
            "RANK": "0",
        }

    def words(self, name: str) -> list[str]:
        """The words that a program was given."""
        return (self.record / name).read_bytes().decode().split("\0")[:-1]


CAPTURED = {"capture_output": True, "text": True, "check": False, "timeout": 60}


@pytest.fixture
def node(tmp_path):
    return Node(tmp_path)


def small(node: Node, **changes: object) -> object:
    """2 nodes x 4 GPUs of a generic cluster, working in the node's folder."""
    return plan(
        node.inputs,
        **{
            "profile": "generic",
            "partition": "gpu",
            "nodes": 2,
            "gpus_per_node": 4,
            "workdir": str(node.inputs),
            "command": ["train"],
            **changes,
        },
    )


def test_hostile_words_reach_the_training_word_for_word_and_run_nothing(node):
    done = node.run(small(node, command=["train", *HOSTILE], job_name="$(touch MARK)"))
    assert done.returncode == 0, done.stderr
    assert node.words("srun") == ["--kill-on-bad-exit=1", "--wait=60", "train", *HOSTILE]
    assert node.words("task0") == list(HOSTILE)
    assert node.words("task1") == list(HOSTILE)
    assert not list(node.record.parent.rglob("*MARK*"))


def test_hostile_words_survive_the_shell_inside_each_task(node):
    of = small(node, profile="lumi-g", partition="dev-g", command=["train", *HOSTILE])
    done = node.run(of)
    assert done.returncode == 0, done.stderr
    assert node.words("task0") == list(HOSTILE)
    assert node.words("task1") == list(HOSTILE)
    assert not list(node.record.parent.rglob("*MARK*"))


@pytest.mark.parametrize("name", [word for word in HOSTILE if "/" not in word and word not in ("\\",)])
def test_a_hostile_workdir_and_input_folder_are_only_names(node, name):
    folder = node.inputs / name
    folder.mkdir()
    of = small(node, workdir=str(folder))
    moved = of.model_copy(update={"checkpoint": of.checkpoint.model_copy(update={"path": folder / "best.ckpt"})})
    if "\x7f" in name:
        moved = of
    done = node.run(moved)
    assert done.returncode == 0, done.stderr
    assert (node.record / "environment").read_text().startswith(f"{folder}\nnid1\n")
    assert not [path for path in node.record.parent.rglob("*MARK*") if path != folder and folder not in path.parents]


def test_the_training_sees_master_port_and_cores_but_no_leaked_rank(node):
    of = small(node)
    assert node.run(of).returncode == 0
    here, master, port, cores, rank, interfaces = (node.record / "environment").read_text().split("\n")[:-1]
    assert here == str(node.inputs)
    assert (master, rank, interfaces) == ("nid1", "unset", "unset")
    assert int(port) == 10000 + os.getpid() % 20000
    assert int(cores) == 64 // 4


def test_lumi_tasks_share_a_cache_folder_that_local_rank_0_makes(node):
    done = node.run(small(node, profile="lumi-g", partition="dev-g"))
    assert done.returncode == 0, done.stderr
    folder = Path((node.record / "miopen0").read_text())
    assert folder == Path(f"/tmp/aqboard-miopen-{os.getpid()}")
    assert (node.record / "miopen1").read_text() == str(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.rmdir()
    assert [word for word in node.words("srun") if word.startswith("--cpu-bind=mask_cpu:0xfe000000000000,")]
    assert "hsn0,hsn1,hsn2,hsn3" in (node.record / "environment").read_text()


@pytest.mark.parametrize("fault", ["changed", "gone"])
def test_a_changed_or_missing_input_stops_the_job_with_40_before_srun(node, fault):
    checkpoint = node.inputs / "best.ckpt"
    of = small(node)
    node.run(of)
    (node.record / "srun").unlink()
    if fault == "changed":
        checkpoint.write_bytes(b"another checkpoint")
        done = node.run(of)
    else:
        checkpoint.unlink()
        checkpoint.symlink_to("nowhere")
        done = subprocess.run(
            ["bash", node.record.parent / "job.sbatch"], cwd=node.inputs, env=node.slurm(), **CAPTURED
        )
    assert done.returncode == 40
    assert f"{checkpoint}: FAILED" in done.stdout + done.stderr
    assert "has changed since it was signed" in done.stderr
    assert not (node.record / "srun").exists()


@pytest.mark.parametrize("change", [{"SLURM_JOB_NUM_NODES": "3"}, {"SLURM_NTASKS": "2"}], ids=str)
def test_another_allocation_than_the_signed_one_stops_with_41(node, change):
    done = node.run(small(node), **change)
    assert done.returncode == 41
    assert "signed for 2 nodes and 8 tasks" in done.stderr
    assert not (node.record / "srun").exists()


def test_a_workdir_that_is_gone_stops_before_srun(node):
    done = node.run(small(node, workdir="/nowhere/at all"))
    assert done.returncode == 1
    assert "/nowhere/at all" in done.stderr
    assert not (node.record / "srun").exists()


def test_the_exit_code_of_srun_is_the_jobs(node):
    (node.bin / "srun").write_text("#!/bin/bash\nexit 43\n")
    assert node.run(small(node)).returncode == 43


def test_what_runs_is_said_in_the_log(node):
    done = node.run(small(node, command=["train", "a b"]))
    assert re.search(r"^aqboard: 8 tasks on 2 nodes in .*/inputs: train a\\ b$", done.stdout, re.MULTILINE)


def test_a_preview_starts_nothing(node):
    of = small(node)
    script = node.record.parent / "preview.sbatch"
    script.write_text(render(attempt(of), load_profile("generic"), None))
    done = subprocess.run(["bash", script], env=node.slurm(), **CAPTURED)
    assert done.returncode == 1
    assert "NOT SIGNED" in done.stderr
    assert not (node.record / "srun").exists()
