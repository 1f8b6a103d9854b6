"""What Slurm 22.05.8 printed, word for word, except for what is marked as composed."""

PLACED = (
    "sbatch: Job 1 to start at 2026-11-25T10:26:52 using 224 processors on nodes nid[005000-005001] in partition "
    "standard-g\n"
)
NO_NODES = "sbatch: Job 10 to start at 2026-11-25T10:26:52 using 0 processors on nodes  in partition standard-g\n"

REFUSED = {
    "partition": (
        "sbatch: error: invalid partition specified: nix\nallocation failure: Invalid partition name specified\n",
        "There is no partition nix on this cluster; `sinfo --summarize` lists those there are.",
    ),
    "no partition": (
        "allocation failure: No partition specified or system default partition\n",
        "No partition is named and this cluster has no default; add --partition.",
    ),
    "account": (
        "allocation failure: Invalid account or account/partition combination specified\n",
        "The account does not exist, or may not use this partition; compare it with your projects (often `sacctmgr "
        "show associations user=$USER`, on LUMI `lumi-allocations`).",
    ),
    "nodes": (
        "allocation failure: Node count specification invalid\n",
        "The number of nodes is more than this partition has or allows for one job; ask for fewer, or use another "
        "partition.",
    ),
    # Composed around a text of Slurm's library.
    "processors": (
        "allocation failure: More processors requested than permitted\n",
        "More processors are asked for than the nodes have; check nodes, tasks per node and cores per task.",
    ),
    "time": (
        "allocation failure: Requested time limit is invalid (missing or exceeds some limit)\n",
        "The time is longer than this partition allows; ask for less and continue from a checkpoint, or use another "
        "partition.",
    ),
    "resources": (
        "allocation failure: Requested node configuration is not available\n",
        "No node of this partition has what is asked for; compare GPUs, memory and cores per node with the cluster's "
        "documentation.",
    ),
    "gpus": (
        "sbatch: error: Failed to ensure --gpus >= --gres=gpu/--gpus-per-node >= --gpus-per-socket\n"
        "sbatch: error: Invalid generic resource (gres) specification\n",
        "The GPUs asked for do not exist here or contradict each other; check --gpus-per-node or --gres.",
    ),
    "CRLF": (
        "sbatch: error: Batch script contains DOS line breaks (\\r\\n)\n"
        "sbatch: error: instead of expected UNIX line breaks (\\n).\n",
        "The script has Windows line ends; convert it with `dos2unix`.",
    ),
    "shebang": (
        "sbatch: error: This does not look like a batch script.  The first\n"
        "sbatch: error: line must start with #! followed by the path to an interpreter.\n"
        "sbatch: error: For instance: #!/bin/sh\n",
        "The first line of the script is not an interpreter; let it begin with #!/bin/bash.",
    ),
    "option": (
        "sbatch: unrecognized option '--bogus=1'\nTry \"sbatch --help\" for more information\n",
        "Slurm knows no option --bogus=1; it stands in an #SBATCH line or on the command line, check how it is "
        "written.",
    ),
    "directive": (
        "sbatch: error: Invalid directive found in batch script: nodes=1\n",
        "An #SBATCH line holds nodes=1, which is no option; options begin with --.",
    ),
    "submitted": (
        "sbatch: error: invalid partition specified: nix\n"
        "sbatch: error: Batch job submission failed: Invalid partition name specified\n",
        "There is no partition nix on this cluster; `sinfo --summarize` lists those there are.",
    ),
    # Composed: a message that no row knows.
    "new": (
        "sbatch: error: The moon is in the wrong phase\n",
        "Slurm says: The moon is in the wrong phase",
    ),
    "silence": ("", "Slurm does not say why."),
}

SILENT = {
    "down": "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n",
    "no configuration": (
        "sbatch: error: resolve_ctls_from_dns_srv: res_nsearch error: Unknown host\n"
        "sbatch: error: fetch_config: DNS SRV lookup failed\n"
        "sbatch: error: _establish_config_source: failed to fetch config\n"
        "sbatch: fatal: Could not establish a configuration source\n"
    ),
    "munge": (
        "squeue: error: If munged is up, restart with --num-threads=10\n"
        'squeue: error: Munge encode failed: Failed to access "/tmp/a/munge.sock": No such file or directory (Did you '
        "start munged?)\n"
        "squeue: error: slurm_send_node_msg: auth_g_create: REQUEST_JOB_INFO has authentication error\n"
        "slurm_load_jobs error: Protocol authentication error\n"
    ),
}

SQUEUE = """\
4|FAILED|9|nid007900|30:00|2026-11-25T12:42:19|2026-11-25T12:42:19|JobLaunchFailure
5|PENDING|0||30:00|N/A|N/A|Dependency
6|CONFIGURING|0|nid005010|30:00|2026-11-25T12:42:20|2026-11-25T13:12:20|None
1|FAILED|1792|nid005000|30:00|2026-11-25T12:42:19|2026-11-25T12:42:19|NonZeroExitCode
3|PENDING|0||30:00|2026-11-25T13:42:16|2026-11-25T14:12:16|BeginTime
2|RUNNING|0|nid005001|30:00|2026-11-25T12:42:19|2026-11-25T13:12:19|None
"""

# Composed after sacct's manual: the cluster for tests has no accounting daemon.
SACCT = """\
12|COMPLETED|0:0|nid005000|00:30:00|2026-11-25T10:35:45|2026-11-25T10:36:45
13|CANCELLED by 1000|0:15|nid005000|00:30:00|2026-11-25T10:35:45|2026-11-25T10:36:45
13.batch|CANCELLED|0:15|nid005000||2026-11-25T10:35:45|2026-11-25T10:36:45
14|OUT_OF_MEMORY|0:125|nid005000|00:30:00|2026-11-25T10:35:45|2026-11-25T10:36:45
15|NODE_FAIL|1:0|nid[005000-005001]|00:30:00|2026-11-25T10:35:45|2026-11-25T10:36:45
16|TIMEOUT|0:0|nid005000|00:30:00|2026-11-25T10:35:45|2026-11-25T11:05:45
"""
