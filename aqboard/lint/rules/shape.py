"""The shape of the job: what the directives ask for, and what one srun makes of it."""

from dataclasses import dataclass

from aqboard.lint.parse.model import JobStep, Script
from aqboard.lint.parse.options import gpu_count, node_count, whole_number


@dataclass(frozen=True)
class Shape:
    """Nodes, tasks, cores and GPUs; None where it is not said, or only known when the job runs."""

    nodes: int | None
    tasks_per_node: int | None
    cpus_per_task: int | None
    gpus_per_node: int | None

    @property
    def several_nodes(self) -> bool:
        """Whether the job has more than one node, as far as that is said."""
        return self.nodes is not None and self.nodes > 1


def job_shape(script: Script) -> Shape:
    """What the directives ask for."""
    nodes = node_count(script.value("nodes"))
    tasks = whole_number(script.value("ntasks"))
    tasks_per_node = whole_number(script.value("ntasks-per-node"))
    if nodes is None and tasks is not None and tasks_per_node:
        nodes = -(-tasks // tasks_per_node)
    if tasks_per_node is None and script.option("ntasks-per-node") is None:
        tasks_per_node = _spread(tasks, nodes) if script.option("ntasks") else 1
    return Shape(nodes, tasks_per_node, whole_number(script.value("cpus-per-task")), _gpus(script, nodes))


def step_shape(script: Script, step: JobStep) -> Shape:
    """The job's shape with the step's own options put in."""
    job = job_shape(script)
    options = step.options
    nodes = node_count(options.get("nodes")) if "nodes" in options else job.nodes
    if "ntasks-per-node" in options:
        tasks_per_node = whole_number(options["ntasks-per-node"])
    elif "ntasks" in options:
        tasks_per_node = _spread(whole_number(options["ntasks"]), nodes)
    else:
        tasks_per_node = job.tasks_per_node
    cpus = whole_number(options["cpus-per-task"]) if "cpus-per-task" in options else job.cpus_per_task
    return Shape(nodes, tasks_per_node, cpus, job.gpus_per_node)


def _spread(tasks: int | None, nodes: int | None) -> int | None:
    """Tasks on the fullest node; a single task is one whatever the number of nodes."""
    if tasks is None:
        return None
    return -(-tasks // nodes) if nodes else (1 if tasks == 1 else None)


def _gpus(script: Script, nodes: int | None) -> int | None:
    per_node = script.value("gpus-per-node")
    if per_node is not None:
        return gpu_count(per_node)
    gres = script.value("gres")
    if gres is not None and "gpu" in gres:
        return gpu_count(gres)
    whole = gpu_count(script.value("gpus"))
    return whole // nodes if whole and nodes and whole % nodes == 0 else None
