"""What the cluster for tests looks like, and its configuration files, rendered by pure functions.

Nodes, GPUs and partitions are LUMI-G's, so that what `sbatch --test-only` says here is what it would say there.
"""

from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "project_465000001"
"""The one account that jobs may name."""

NODE = "CPUs=112 Boards=1 SocketsPerBoard=1 CoresPerSocket=56 ThreadsPerCore=2 RealMemory=491520 Gres=gpu:mi250:8"


@dataclass(frozen=True)
class Layout:
    """How many nodes there are. A node with a slurmd runs jobs; the others only take part in `--test-only`."""

    real: int = 0
    """Nodes of `standard-g` with a slurmd, the first ones; Slurm prefers them."""
    nodes: int = 60
    """Nodes of `standard-g` in all."""
    dev: int = 1
    """Nodes of `dev-g`; each has a slurmd, so a job that finds them taken waits, as in a real queue."""
    harsh: bool = False
    """Whether jobs are ended that take more memory than they asked for, or that stand in the way of `urgent`."""

    @property
    def standard_names(self) -> tuple[str, ...]:
        """Every node of `standard-g`."""
        return tuple(f"nid{5000 + i:06}" for i in range(self.nodes))

    @property
    def dev_names(self) -> tuple[str, ...]:
        """Every node of `dev-g`."""
        return tuple(f"nid{7900 + i:06}" for i in range(self.dev))

    @property
    def real_names(self) -> tuple[str, ...]:
        """The nodes with a slurmd."""
        return (*self.dev_names, *self.standard_names[: self.real])


@dataclass(frozen=True)
class Ports:
    """A free range of ports on loopback: the controller's first, then one for each node with a slurmd."""

    first: int

    @staticmethod
    def needed(layout: Layout) -> int:
        """How many ports the range must have."""
        return 1 + len(layout.real_names)

    def of_node(self, index: int) -> int:
        """The port of the node at `index` in `Layout.real_names`."""
        return self.first + 1 + index


def slurm_conf(layout: Layout, ports: Ports, folder: Path, *, host: str, user: str) -> str:
    """The text of `slurm.conf`; `host` is this machine's short name, `user` runs every daemon."""
    lines = [_COMMON.format(folder=folder, host=host, user=user, port=ports.first), _HARSH if layout.harsh else _MILD]
    for index, name in enumerate(layout.real_names):
        lines.append(f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={ports.of_node(index)} {NODE}")
    lines += [f"NodeName={name} {NODE} Weight=1000 State=CLOUD" for name in layout.standard_names[layout.real :]]
    standard, dev = ",".join(layout.standard_names), ",".join(layout.dev_names)
    lines += [
        f"PartitionName=standard-g Nodes={standard} MaxTime=2-00:00:00 MaxNodes=1024 {_EACH} OverSubscribe=EXCLUSIVE",
        f"PartitionName=small-g Nodes={standard} MaxTime=3-00:00:00 MaxNodes=4 {_EACH}",
        f"PartitionName=dev-g Nodes={dev} MaxTime=03:00:00 MaxNodes=32 {_EACH}",
    ]
    if layout.harsh:
        lines.append(f"PartitionName=urgent Nodes={dev} MaxTime=03:00:00 {_EACH} PriorityTier=10")
    return "\n".join(lines) + "\n"


def gres_conf(folder: Path) -> str:
    """The text of `gres.conf`: GPUs must be character devices, and links to /dev/null are."""
    return f"Name=gpu Type=mi250 File={folder}/dev/gpu[0-7] Flags=amd_gpu_env\n"


def job_submit_lua() -> str:
    """The text of `job_submit.lua`, which refuses every account but one.

    `AccountingStorageEnforce` would need slurmdbd and a MariaDB, and excepts root. This plugin binds root and
    `--test-only` too, and gives the same error code, so users read the same message.
    """
    return _LUA.format(account=ACCOUNT)


_EACH = "DefaultTime=00:30:00 State=UP"

_COMMON = """\
ClusterName=lumi
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.sock
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
AccountingStorageType=accounting_storage/none
JobSubmitPlugins=lua
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
GresTypes=gpu
EnforcePartLimits=ALL
ReturnToService=2
# A machine with two cores and 400 tasks on it answers late.
SlurmdTimeout=300
MessageTimeout=60
TCPTimeout=30
KillWait=5
MinJobAge=3600
CompleteWait=0
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,bf_interval=5,sched_interval=5
PriorityType=priority/basic
# Nodes without a slurmd are CLOUD nodes: nobody contacts them, and `--test-only` counts them in.
PrivateData=cloud
SuspendProgram=/bin/true
ResumeProgram=/bin/true
SuspendTime=INFINITE
ResumeTimeout=600
"""

_MILD = "JobAcctGatherType=jobacct_gather/none"

# Without cgroups a step's memory is what /proc says of its processes, looked at once a second.
_HARSH = """\
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
PreemptType=preempt/partition_prio
PreemptMode=CANCEL"""

_LUA = """\
function slurm_job_submit(job, partitions, uid)
  if job.account ~= "{account}" then return slurm.ESLURM_INVALID_ACCOUNT end
  return slurm.SUCCESS
end
function slurm_job_modify(job, record, partitions, uid) return slurm.SUCCESS end
"""
