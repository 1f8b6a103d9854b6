"""What the model makes of a script, piece by piece."""

import pytest

from aqboard.launch.profile import load_profile
from aqboard.lint.check import lint
from aqboard.lint.parse.options import gpu_count, read_options
from aqboard.lint.parse.script import read_script

HEAD = "#!/bin/bash\n#SBATCH --nodes=2 --ntasks-per-node=4\n#SBATCH --mem=0\n#SBATCH --no-requeue\nset -euo pipefail\n"


def rules(body: str, head: str = HEAD) -> list[str]:
    return [finding.rule for finding in lint(head + body).findings]


def test_several_options_in_one_line_quotes_and_comments():
    script = read_script(
        '#!/bin/sh\n#SBATCH -N 2 --account="my acct" -t1:00:00 # --nodes=9\n#SBATCH --exclusive --mem 0\n'
    )
    assert {d.option: d.value for d in script.directives} == {
        "nodes": "2",
        "account": "my acct",
        "time": "1:00:00",
        "exclusive": "",
        "mem": "0",
    }


def test_the_last_directive_decides():
    assert read_script("#!/bin/sh\n#SBATCH -N 2\n#SBATCH --nodes=4\n").value("nodes") == "4"


def test_options_end_where_the_program_begins():
    assert read_options(["-n", "4", "--mpi", "pmix", "--label", "python", "-n", "9"]) == (
        {"ntasks": "4", "mpi": "pmix", "label": ""},
        5,
    )
    assert read_options(["--", "-n"]) == ({}, 1)


@pytest.mark.parametrize(
    "line",
    [
        "srun -c 4 python train.py",
        "exec srun -c 4 python train.py",
        "time srun -c 4 python train.py",
        "env A=1 srun -c 4 python train.py",
        "timeout 3h srun -c 4 python train.py",
        "A=1 srun -c 4 python train.py",
        "srun -c 4 python train.py | tee log",
        "if true; then srun -c 4 python train.py; fi",
        "for i in 1 2; do srun -c 4 python train.py; done",
        "( cd run && srun -c 4 python train.py )",
        "run() { srun -c 4 python train.py; }; run",
        'L="srun -c 4"; $L python train.py',
        'L=(srun -c 4); "${L[@]}" python train.py',
        "srun -c 4 \\\n  python train.py",
        "out=$(srun -c 4 python train.py)",
        "srun -c 4 python train.py > log 2>&1",
        "/usr/bin/srun -c 4 python train.py",
        "case $X in a) srun -c 4 python train.py ;; esac",
        "while read -r x; do srun -c 4 python train.py; done < list",
    ],
)
def test_a_step_is_found_however_it_is_started(line):
    (step,) = read_script(HEAD + line + "\n").steps
    assert step.options["cpus-per-task"] == "4"
    assert [word.text for word in step.program] == ["python", "train.py"]


@pytest.mark.parametrize(
    "line", ["# srun x", "echo 'srun x'", "cat <<A\nsrun x\nA", 'm="srun x"', "f() { srun x; }", "echo srun x"]
)
def test_what_is_no_step_is_none(line):
    assert read_script(HEAD + line + "\n").steps == ()


def test_shell_text_of_tasks_has_the_lines_of_the_file():
    script = read_script(HEAD + "srun -c 4 bash -c '\n  export RANK=$SLURM_PROCID\n  python x'\n")
    (step,) = script.steps
    assert [(command.line, command.name) for command in step.inner] == [(7, "export"), (8, "python")]


def test_shell_text_from_a_variable_has_the_lines_of_the_variable():
    script = read_script(HEAD + "text='\n  mkdir /tmp/x\n'\n\nsrun -c 4 bash -c \"$text\"\n")
    assert [(command.line, command.name) for command in script.steps[0].inner] == [(7, "mkdir")]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("export RANK=0\nsrun -c 4 python x\n", ["rank"]),
        ("export RANK=0\nunset RANK\nsrun -c 4 python x\n", []),
        ("RANK=0\nsrun -c 4 python x\n", []),
        ("RANK=0\nexport RANK\nsrun -c 4 python x\n", ["rank"]),
        ("set -a\nRANK=0\nsrun -c 4 python x\n", ["rank"]),
        ("declare -x RANK=0\nsrun -c 4 python x\n", ["rank"]),
        ("srun -c 4 bash -c 'export RANK=$SLURM_PROCID; python x'\n", []),
        ('srun -c 4 bash -c "export RANK=$SLURM_PROCID; python x"\n', ["rank"]),
        ('srun -c 4 bash -c "export RANK=\\$SLURM_PROCID; python x"\n', []),
        ("srun -c 4 python x\nexport RANK=0\n", []),
        ("export RANK=0\ntorchrun x\n", []),
        ("srun -N1 -n1 mkdir /scratch/x\nsrun -c 4 python x\n", []),
        ("mkdir -p /tmp/x\nsrun -c 4 python x\n", ["local-folder"]),
        ("srun mkdir -p /tmp/x\nmkdir -p /tmp/x\nsrun -c 4 python x\n", []),
        ("mkdir -p $TMPDIR/x\nsrun -c 4 python x\n", ["local-folder"]),
        ("srun -c 4 python x --host=127.0.0.1\n", []),
        ("srun -c 4 vllm serve m --host 0.0.0.0\n", ["open-service"]),
        ("export NCCL_TIMEOUT=1800\nsrun -c 4 python x\n", ["watchdog"]),
        ("export NCCL_WATCHDOG_SECONDS=60\nsrun -c 4 python x\n", ["watchdog"]),
        ("export NCCL_IB_TIMEOUT=22 NCCL_DEBUG=INFO\nsrun -c 4 python x\n", []),
        ("export MIOPEN_USER_DB_PATH=/tmp/$USER\nsrun -c 4 python x\n", []),
        ("C=$SCRATCH/c\nexport TRITON_CACHE_DIR=$C/t\nsrun -c 4 python x\n", ["jit-cache"]),
        ("srun -c 4 --ntasks-per-node=1 torchrun --nproc_per_node=4 x\n", []),
        ("srun -c 4 python x --trainer.devices=8\n", ["training-agrees"]),
        ("srun -c 4 python x --trainer.devices=$N\n", []),
        ("srun -c 4 python x &\nwait $!\n", []),
        ("srun -c 4 python x &\nwait\n", ["exit-code"]),
        ("srun -c 4 python x || exit 1\n", []),
        ("srun -c 4 python x || true\n", ["exit-code"]),
        ("srun -c 4 python x\necho done\n", []),
        ("set +e\nsrun -c 4 python x\necho done\n", ["exit-code"]),
        ("set +e\nsrun -c 4 python x\nrc=$?\necho $rc\nexit $rc\n", []),
        ("srun python x\n", ["cpus-per-task"]),
        ("srun hostname\n", []),
        ("X=$SLURM_LOCALID\nexport ROCR_VISIBLE_DEVICES=$X\nsrun -c 4 python x\n", ["visible-gpus"]),
        ("set +e\nsrun -c 4 python x\necho $?\nexit $?\n", ["exit-code"]),
    ],
)
def test_the_fine_points_of_the_rules(body, expected):
    assert rules(body) == expected


@pytest.mark.parametrize(
    ("shebang", "setting", "clean"),
    [
        ("#!/bin/bash", "set -e", True),
        ("#!/bin/bash", "set -euo pipefail", True),
        ("#!/bin/bash", "set -e; set -o pipefail", True),
        ("#!/bin/bash", "set -o errexit", True),
        ("#!/bin/bash -e", "", True),
        ("#!/bin/bash -l", "", False),
        ("#!/bin/bash", "set -u", False),
        ("#!/bin/bash", "set -x -o pipefail", False),
    ],
)
def test_errexit_in_all_its_spellings(shebang, setting, clean):
    head = f"{shebang}\n#SBATCH --mem=0\n#SBATCH --no-requeue\n{setting}\n"
    assert rules("cd run\nsrun -c 4 python x\n", head) == ([] if clean else ["errexit"])


@pytest.mark.parametrize(
    ("request_", "gpus"),
    [("8", 8), ("a100:4", 4), ("gpu:4", 4), ("gpu:a100:4", 4), ("gpu", 1), ("gpu:a100", 1), ("tmpfs:1G,gpu:2", 2),
     ("gpu:4(S:0-1)", 4), ("", None), (None, None)],
)  # fmt: skip
def test_requests_for_gpus(request_, gpus):
    assert gpu_count(request_) == gpus


def test_the_time_limit_of_a_small_job_on_frontier():
    text = "#!/bin/bash\n#SBATCH -p batch\n#SBATCH -N {n}\n#SBATCH -t {t}\n#SBATCH --mem=0\n#SBATCH --no-requeue\n"
    profile = load_profile("frontier")
    for nodes, time, clean in (
        (91, "2:00:00", True),
        (91, "2:00:01", False),
        (92, "6:00:00", True),
        (184, "12:00:00", True),
    ):
        found = lint(text.format(n=nodes, t=time), profile=profile).findings
        assert [finding.rule for finding in found] == ([] if clean else ["profile-limits"])
