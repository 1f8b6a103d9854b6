"""The rules, in the order of their numbers: each with why it is asked and where that was read."""

from aqboard.lint.rules import environment, resources, shell, tasks
from aqboard.lint.rules.rule import BASH, SBATCH, Level, Rule, source

LIGHTNING = source(
    "PyTorch Lightning, run on an on-prem cluster",
    "https://lightning.ai/docs/pytorch/stable/clouds/cluster_advanced.html",
)
LUMI_BINDING = source(
    "LUMI user guide, distribution and binding options",
    "https://docs.lumi-supercomputer.eu/runjobs/scheduled-jobs/distribution-binding/",
    "source commit dbf0259",
)

RULES: tuple[Rule, ...] = (
    Rule(
        1,
        "errexit",
        "The script stops at the first failure",
        Level.ERROR,
        "bash goes on after a failure: when `cd`, `source` or a copy fails, hundreds of GPUs start on what is left. "
        "Without pipefail a pipeline counts as well when only its last part does.",
        BASH,
        shell.errexit,
        whole=True,
    ),
    Rule(
        2,
        "exit-code",
        "The last step's exit code is the job's",
        Level.ERROR,
        "Slurm takes the exit code of the script's last command. An `echo` behind srun makes a failed training "
        "COMPLETED, "
        "and a job that waits with `--dependency=afterok` starts.",
        BASH,
        shell.exit_code,
    ),
    Rule(
        3,
        "rank",
        "Ranks come from Slurm, in each task",
        Level.ERROR,
        "The batch step runs once, as task 0. A rank exported there is inherited by every task: all of them are "
        "rank 0, "
        "wait for the others, or train the same thing many times.",
        SBATCH,
        tasks.ranks,
    ),
    Rule(
        4,
        "visible-gpus",
        "Each task sees the GPUs meant for it",
        Level.ERROR,
        "SLURM_LOCALID is 0 in the batch step, so what is derived from it there is the first GPU for every task. "
        "ROCR_VISIBLE_DEVICES is applied before HIP_VISIBLE_DEVICES, which then counts within what is left.",
        source("ROCm, GPU isolation techniques", "https://rocm.docs.amd.com/en/latest/conceptual/gpu-isolation.html"),
        tasks.visible_gpus,
    ),
    Rule(
        5,
        "cpus-per-task",
        "srun is told the cores per task",
        Level.ERROR,
        "Since Slurm 22.05 srun does not inherit --cpus-per-task from sbatch: each task runs on one core, and data "
        "loading becomes many times slower without any message.",
        SBATCH,
        resources.cpus_per_task,
    ),
    Rule(
        6,
        "cores",
        "Tasks times cores fit the node",
        Level.ERROR,
        "Clusters keep cores for the system: on LUMI-G a job that asks for all 64 of a node never starts.",
        source(
            "LUMI user guide, LUMI-G example batch scripts",
            "https://docs.lumi-supercomputer.eu/runjobs/scheduled-jobs/lumig-job/",
            "source commit bad69ac",
        ),
        resources.too_many_cores,
    ),
    Rule(
        7,
        "memory",
        "Memory is asked for",
        Level.WARNING,
        "Without a request the default of the partition applies. --exclusive gives all CPUs and GPUs of a node, "
        "but only "
        "as much memory as was asked for; --mem=0 asks for all of it.",
        SBATCH,
        resources.memory,
        whole=True,
    ),
    Rule(
        8,
        "cpu-binding",
        "Tasks are bound to the cores beside their GPU",
        Level.WARNING,
        "Each GPU of such a node hangs on one group of cores. A task elsewhere copies across the node and takes "
        "others' "
        "cores. Asked only where the profile knows the masks.",
        LUMI_BINDING,
        resources.cpu_binding,
    ),
    Rule(
        9,
        "interfaces",
        "Network interfaces are named exactly",
        Level.ERROR,
        "NCCL takes NCCL_SOCKET_IFNAME as a list of prefixes, and without it the first interface it finds. With "
        "the wrong "
        "one the ranks do not find each other, or talk over the slow network.",
        source(
            "NCCL user guide, environment variables",
            "https://docs.nvidia.com/deeplearning/nccl/user-guide/docs/env.html",
        ),
        environment.interfaces,
    ),
    Rule(
        10,
        "jit-cache",
        "Compiled kernels are kept on each node's own disk",
        Level.ERROR,
        "These caches lie in the home by default, and MIOpen's is an SQLite database: on a parallel file system "
        "hundreds of "
        "tasks wait for its locks. Switched off, every task compiles everything again.",
        source("MIOpen, kernel cache", "https://rocm.docs.amd.com/projects/MIOpen/en/latest/conceptual/cache.html"),
        environment.jit_cache,
    ),
    Rule(
        11,
        "local-folder",
        "Node-local folders are made on every node",
        Level.ERROR,
        "The batch step runs on the first node. What it makes on a local disk is missing on all others.",
        SBATCH,
        tasks.local_folder,
    ),
    Rule(
        12,
        "account",
        "The project that pays is the project of the files",
        Level.WARNING,
        "A script copied from another project charges one project and reads another's files: the wrong budget is "
        "spent, "
        "or the job stops at a missing permission.",
        source("LUMI user guide, billing policy", "https://docs.lumi-supercomputer.eu/runjobs/lumi_env/billing/"),
        environment.account,
    ),
    Rule(
        13,
        "watchdog",
        "A hanging rank ends the job",
        Level.ERROR,
        "PyTorch's watchdog tears a process down when a collective does not end. Switched off, or set through a "
        "name that "
        "nothing reads, one lost rank keeps all GPUs until the time limit.",
        source(
            "PyTorch, ProcessGroupNCCL environment variables",
            "https://docs.pytorch.org/docs/stable/torch_nccl_environment_variables.html",
        ),
        environment.watchdog,
    ),
    Rule(
        14,
        "requeue",
        "It is said what happens after a node failure",
        Level.WARNING,
        "Slurm starts a requeued batch script from its beginning, under the same id. By a cluster's default that "
        "may happen "
        "by itself, and its log may be truncated.",
        SBATCH,
        resources.requeue,
        whole=True,
    ),
    Rule(
        15,
        "open-service",
        "Services listen on one address",
        Level.ERROR,
        "A compute node is reached by every user of the cluster. A notebook or board on 0.0.0.0 runs code or "
        "shows data "
        "for whoever connects. Streamlit and `python -m http.server` do that by default.",
        source(
            "Jupyter Server, running a public server",
            "https://jupyter-server.readthedocs.io/en/stable/operators/public-server.html",
        ),
        environment.open_service,
    ),
    Rule(
        16,
        "nested-launcher",
        "One launcher starts the processes",
        Level.ERROR,
        "torchrun and its like start one process per GPU. Inside eight srun tasks per node they start 64, which "
        "claim the "
        "same ports and GPUs.",
        source(
            "OLCF user documentation, PyTorch on Frontier",
            "https://docs.olcf.ornl.gov/software/analytics/pytorch_frontier.html",
            "source commit 02a2c25",
        ),
        tasks.nested_launcher,
    ),
    Rule(
        17,
        "training-agrees",
        "Nodes and GPUs are those the training counts on",
        Level.ERROR,
        "Lightning expects as many tasks per node as devices. With fewer it waits for ever, with more GPUs than "
        "processes "
        "the rest is paid for and idle.",
        LIGHTNING,
        resources.training_agrees,
    ),
    Rule(
        18,
        "directives",
        "sbatch reads every directive",
        Level.ERROR,
        "sbatch reads #SBATCH lines itself, without a shell, up to the first command. A variable in one is plain "
        "text, and "
        "one further down is a comment: the job runs with other settings than the script shows.",
        SBATCH,
        shell.directives,
    ),
    Rule(
        19,
        "profile-limits",
        "Time, nodes and partition fit the cluster",
        Level.ERROR,
        "A job beyond its partition's limits is refused, or waits in the queue for ever with a reason nobody "
        "reads. Limits "
        "are the profile's, with their source and date: see `aqboard profiles`.",
        source(
            "LUMI user guide, Slurm partitions",
            "https://docs.lumi-supercomputer.eu/runjobs/scheduled-jobs/partitions/",
            "source commit 27f3bb3",
        ),
        resources.outside_profile,
    ),
    Rule(
        20,
        "line-ends",
        "The file is a Unix script with a #! line",
        Level.ERROR,
        "sbatch refuses a script with DOS line breaks or without a `#!` line; an editor on another system adds "
        "the first.",
        SBATCH,
        shell.line_ends,
        whole=True,
    ),
)


def rule_named(name: str) -> Rule | None:
    """The rule of this slug or number."""
    return next((rule for rule in RULES if name in (rule.slug, str(rule.number))), None)
