"""A profile told as plain facts, each with its source: for the script's header and for `aqboard profiles`."""

from collections.abc import Iterator
from typing import NamedTuple

from aqboard.domain.job.slurm_time import in_words
from aqboard.launch.cluster import ChecksOn, ClusterProfile, Node, Partition, Source
from aqboard.launch.cost import number


class Fact(NamedTuple):
    """One line about a cluster."""

    what: str
    value: str
    source: Source


def facts(profile: ClusterProfile, partition: str | None = None) -> tuple[Fact, ...]:
    """Everything the profile knows, in reading order; with `partition`, of the partitions only that one."""
    return tuple(Fact(what, value, profile.sources[source]) for what, value, source in _facts(profile, partition))


def cite(source: Source) -> str:
    """A source in one line: title, address, edition, and the day it was read."""
    address = f", {source.url}" if source.url else ""
    edition = f"{source.edition}, " if source.edition else ""
    return f"{source.title}{address} ({edition}read {source.read:%Y-%m-%d})"


def _facts(profile: ClusterProfile, only: str | None) -> Iterator[tuple[str, str, str]]:
    yield "node", _node(profile.node), profile.node.source
    if memory := profile.memory:
        yield "memory", f"{memory.per_node} per node", memory.source
    for name, limits in profile.partitions.items():
        if only in (None, name):
            yield f"partition {name}", _limits(limits), limits.source
    if (checks := profile.checks) and only is None:
        yield "checks run on", _checks(checks), checks.source
    if masks := profile.cpu_masks:
        yield "CPU masks", f"{len(masks.masks)}, one per GPU, in the order of the local ranks", masks.source
    for name, setting in profile.environment.items():
        yield name, f"{setting.value}: {setting.why}", setting.source
    for name, absence in profile.unset.items():
        yield f"no {name}", absence.why, absence.source
    if cache := profile.node_cache:
        yield ", ".join(cache.variables), f"{cache.folder}-JOBID on each node: {cache.why}", cache.source
    if rendezvous := profile.rendezvous:
        yield "MASTER_ADDR", f"first node's name with {rendezvous.suffix!r} behind it", rendezvous.source
    if container := profile.container:
        yield "container", " ".join((container.runtime, "run", *container.options)), container.source
    if billing := profile.billing:
        yield "billing", f"{number(billing.per_node_hour)} {billing.unit} per node and hour", billing.source


def _node(node: Node) -> str:
    return f"{_known(node.gpus, 'GPUs')}, {_known(node.cores, 'usable cores')}"


def _limits(partition: Partition) -> str:
    time = f"at most {in_words(partition.max_time)}" if partition.max_time else "time limit not known"
    steps = ", ".join(f"{in_words(step.max_time)} up to {step.nodes} nodes" for step in partition.max_time_up_to)
    time += f" ({steps})" if steps else ""
    nodes = f"at most {partition.max_nodes} nodes" if partition.max_nodes else "node limit not known"
    canary = "; for canaries" if partition.canary else ""
    note = f"; {partition.note}" if partition.note else ""
    return f"{nodes}, {time}{canary}{note}"


def _checks(checks: ChecksOn) -> str:
    parts = [f"{checks.gpus} GPU{'' if checks.gpus == 1 else 's'}", f"{checks.cpus} cores" if checks.cpus else ""]
    asked = ", ".join(part for part in (*parts, checks.memory) if part)
    return f"{checks.partition}, {asked}, for {in_words(checks.time)}"


def _known(figure: int | None, unit: str) -> str:
    return f"number of {unit} not known" if figure is None else f"{figure} {unit}"
