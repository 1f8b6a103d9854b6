"""The script under a real bash, with srun and scontrol replaced by programs that write down what they were given."""

import os
import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from aqboard.launch.profile import load_profile
from aqboard.launch.script import Approval, render, render_canary
from tests.launch.launch_samples import SIGNED, attempt, content, go, plan

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
if [[ "$*" == *aqboard.guard.preflight* ]]; then
  printf '%s\0' "$@" > "$RECORD/preflight"
  while [[ "$1" == --* ]]; do shift; done
  exec "$@"
fi
printf '%s\0' "$@" > "$RECORD/srun"
{ pwd; printf '%s\n' "$MASTER_ADDR" "$MASTER_PORT" "$SRUN_CPUS_PER_TASK" "${RANK-unset}" "${NCCL_SOCKET_IFNAME-unset}" \
  "${AQBOARD_MANIFEST-unset}" "${AQBOARD_CANARY-unset}"
} > "$RECORD/environment"
while [[ "$1" == --* ]]; do shift; done
SLURM_LOCALID=1 "$@" &
sleep 0.2
SLURM_LOCALID=0 "$@"
wait $!
"""
SCONTROL = '#!/bin/bash\n[[ "$*" == "show hostnames nid[1-2]" ]] && printf "nid1\\nnid2\\n"\n'
PYTHON = r"""#!/bin/bash
printf '%s\0' "$@" > "$RECORD/python"
exit "${PREFLIGHT:-0}"
"""
SINGULARITY = r"""#!/bin/bash
printf '%s\0' "$@" > "$RECORD/singularity"
[[ "$1" == run ]] || exit 99
shift
while [[ "$1" == --* ]]; do
  if [[ "$1" == --bind || "$1" == --pwd ]]; then shift; fi
  shift
done
[[ -f "$1" ]] || exit 98
shift
exec "$@"
"""
TASK = r"""#!/bin/bash
printf '%s' "${VIRTUAL_ENV-unset}" > "$RECORD/venv$SLURM_LOCALID"
printf '%s\0' "$@" > "$RECORD/task$SLURM_LOCALID"
printf '%s' "${MIOPEN_USER_DB_PATH-}" > "$RECORD/miopen$SLURM_LOCALID"
"""


PROGRAMS = {
    "srun": SRUN,
    "scontrol": SCONTROL,
    "train": TASK,
    "python3": PYTHON,
    "singularity": SINGULARITY,
    "apptainer": SINGULARITY,
}


class Node:
    """A folder with the fake programs in it, standing for the first node of the job."""

    def __init__(self, folder: Path) -> None:
        self.record = folder / "record"
        self.inputs = folder / "inputs"
        self.bin = folder / "bin"
        for place in (self.record, self.inputs, self.bin):
            place.mkdir()
        for name, text in PROGRAMS.items():
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)

    def run(self, of: object, renderer=render, **environment: str) -> subprocess.CompletedProcess[str]:
        """Write the input files that are missing, and run the signed script of plan `of` as slurmd would.

        The preflight is a program that ends with what PREFLIGHT says; the real one runs under the real Slurm.
        """
        for _, path in of.input_files():
            if not path.exists():
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content(path))
        script = self.record.parent / "job.sbatch"
        text = renderer(attempt(of), load_profile(of.cluster.profile), Approval.of(go()), SIGNED)
        script.write_text(text, encoding="utf-8")
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
            "AQBOARD_CANARY": "1",
        }

    def environment(self) -> list[str]:
        """Where srun was called, and the variables that it passed on."""
        return (self.record / "environment").read_text().split("\n")[:-1]

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
    here, master, port, cores, rank, interfaces, manifest, canary = node.environment()
    assert here == str(node.inputs)
    assert (master, rank, interfaces) == ("nid1", "unset", "unset")
    assert (manifest, canary) == (SIGNED.path, "unset"), "a canary's variable in the shell must not end the launch"
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


def test_the_preflight_comes_first_on_every_node_and_gets_manifest_and_digest(node):
    done = node.run(small(node))
    assert done.returncode == 0, done.stderr
    assert node.words("preflight")[:5] == [
        "--nodes=2",
        "--ntasks=2",
        "--ntasks-per-node=1",
        "--kill-on-bad-exit=0",
        "--time=30",
    ]
    assert node.words("python") == ["-m", "aqboard.guard.preflight", SIGNED.path, "--sha256", SIGNED.sha256]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("40", "this is not what was signed"),
        ("41", "this is not what was signed"),
        ("45", "this is not what was signed"),
        ("1", "python3 must find the package aqboard"),
        ("137", "could not be verified"),
    ],
)
def test_a_preflight_that_refuses_stops_the_job_with_its_code_before_the_training(node, code, words):
    done = node.run(small(node), PREFLIGHT=code)
    assert done.returncode == int(code)
    assert words in done.stderr
    assert done.stderr.endswith("aqboard: nothing was started.\n")
    assert not (node.record / "srun").exists()


def test_a_python_that_is_not_there_stops_the_job(node):
    done = node.run(small(node, python="/nowhere/python"))
    assert done.returncode == 127
    assert "/nowhere/python must find the package aqboard" in done.stderr
    assert not (node.record / "srun").exists()


@pytest.mark.parametrize("profile", ["generic", "lumi-g"])
def test_hostile_words_survive_container_and_virtual_environment(node, profile):
    image = node.inputs / "im age;$(touch MARK)" / "$(touch MARK).sif"
    of = small(
        node,
        profile=profile,
        command=["train", *HOSTILE],
        container={"image": str(image), "binds": ["/a b;`touch MARK`:/data:ro"]},
        venv="/opt/'; touch MARK; '/$(touch MARK)",
    )
    done = node.run(of)
    assert done.returncode == 0, done.stderr
    for task in ("0", "1"):
        assert node.words(f"task{task}") == list(HOSTILE)
        assert (node.record / f"venv{task}").read_text() == of.cluster.venv
    given = node.words("singularity")
    assert str(image) in given
    options = given[: given.index(str(image))]
    binds = [value for option, value in pairwise(options) if option == "--bind"]
    assert binds == [str(Path(SIGNED.path).parent), str(node.inputs), "/a b;`touch MARK`:/data:ro"]
    assert ("--nv" in options) == (profile == "generic")
    made = [path for path in node.record.parent.rglob("*MARK*") if path not in (image, image.parent)]
    assert not made


def test_the_plans_runtime_wins_over_the_profiles(node):
    of = small(node, container={"image": str(node.inputs / "x.sif"), "runtime": "apptainer"})
    (node.bin / "singularity").unlink()
    assert node.run(of).returncode == 0


def test_the_canary_runs_the_same_command_and_says_that_it_is_one(node):
    of = small(node, nodes=50, gpus_per_node=4, canary={"arguments": HOSTILE})
    done = node.run(of, render_canary)
    assert done.returncode == 0, done.stderr
    assert node.words("task0") == list(HOSTILE)
    assert node.environment()[-1] == "1"
    assert not list(node.record.parent.rglob("*MARK*"))


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
