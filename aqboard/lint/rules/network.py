"""Rules on the network: the interfaces that ranks talk over, the watchdog of their collectives, open services."""

import difflib
import re
from collections.abc import Iterator

from aqboard.lint.parse.model import Script, Word
from aqboard.lint.rules.queries import everywhere, trains
from aqboard.lint.rules.rule import Hit, Level, Rule, RuleContext, source
from aqboard.lint.rules.shape import job_shape

INTERFACES_VARIABLE = "NCCL_SOCKET_IFNAME"

OFF = ("0", "false", "no", "off")

KNOWN = frozenset(
    """
    TORCH_NCCL_ASYNC_ERROR_HANDLING TORCH_NCCL_BLOCKING_WAIT TORCH_NCCL_DUMP_ON_TIMEOUT TORCH_NCCL_DESYNC_DEBUG
    TORCH_NCCL_ENABLE_TIMING TORCH_NCCL_ENABLE_MONITORING TORCH_NCCL_HEARTBEAT_TIMEOUT_SEC TORCH_NCCL_TRACE_BUFFER_SIZE
    TORCH_NCCL_WAIT_TIMEOUT_DUMP_MILSEC TORCH_NCCL_COORD_CHECK_MILSEC TORCH_NCCL_ABORT_IN_DESTROY_PG
    TORCH_NCCL_AVOID_RECORD_STREAMS TORCH_NCCL_USE_TENSOR_REGISTER_ALLOCATOR_HOOK TORCH_NCCL_DEBUG_INFO_PIPE_FILE
    TORCH_NCCL_DEBUG_INFO_TEMP_FILE TORCH_NCCL_HIGH_PRIORITY TORCH_NCCL_PROPAGATE_ERROR TORCH_NCCL_RETHROW_CUDA_ERRORS
    TORCH_NCCL_LOG_CPP_STACK_ON_UNCLEAN_SHUTDOWN TORCH_NCCL_NAN_CHECK TORCH_NCCL_CUDA_EVENT_CACHE
    TORCH_NCCL_SHOW_EAGER_INIT_P2P_SERIALIZATION_WARNING TORCH_NCCL_USE_COMM_NONBLOCKING
    TORCH_NCCL_EXTRA_DUMP_ON_EXEC TORCH_NCCL_RANKS_PER_ROOT NCCL_IB_TIMEOUT
    """.split()  # noqa: SIM905 - a list to read
)
"""Variables of this family that PyTorch and NCCL read."""

RENAMED = {
    "NCCL_ASYNC_ERROR_HANDLING": "TORCH_NCCL_ASYNC_ERROR_HANDLING",
    "NCCL_BLOCKING_WAIT": "TORCH_NCCL_BLOCKING_WAIT",
    "NCCL_DESYNC_DEBUG": "TORCH_NCCL_DESYNC_DEBUG",
}
GUARDS = ("TORCH_NCCL_ASYNC_ERROR_HANDLING", "TORCH_NCCL_ENABLE_MONITORING", *RENAMED)
_WATCHES = re.compile(r"TORCH_NCCL_\w+|(NCCL|RCCL|PYTORCH|GLOO|TORCH)_\w*(TIMEOUT|WATCHDOG|HEARTBEAT|BLOCKING_WAIT|"
                      r"ASYNC_ERROR|MONITORING|DESYNC)\w*")  # fmt: skip

_EVERYWHERE = re.compile(r"(0\.0\.0\.0|\*|\[?::\]?)(:\d+)?")
_ADDRESS = re.compile(r"--?(host|ip|bind|bind_to|bind-address|listen|address|server\.address|dashboard-host|\w+\.ip|b)")
OPEN_BY_ITSELF = {
    "streamlit": ("--server.address", "--server.address 127.0.0.1"),
    "http.server": ("--bind", "--bind 127.0.0.1"),
}


def interfaces(script: Script, context: RuleContext) -> Iterator[Hit]:
    """Are the network interfaces named exactly?"""
    if not job_shape(script).several_nodes:
        return
    setting = context.profile.environment.get(INTERFACES_VARIABLE) if context.profile else None
    found = next((each for each, _ in everywhere(script) if each.name == INTERFACES_VARIABLE), None)
    step = next((step for step in reversed(script.steps) if trains(step)), None)
    if found is None:
        if setting is not None and step is not None and not script.inherited(step, INTERFACES_VARIABLE):
            yield Hit(
                step.line,
                f"{INTERFACES_VARIABLE} is not set: {setting.why}",
                f"Above line {step.line} write: export {INTERFACES_VARIABLE}={setting.value}",
                step.column,
            )
        return
    names = found.value.text.lstrip("=").split(",")
    prefixes = [name for name in names if re.fullmatch(r"[a-z]+", name) and name != "lo"]
    if found.value.known and prefixes and not found.value.text.startswith(("=", "^")):
        wanted = setting.value if setting else f"={prefixes[0]}0"
        yield Hit(
            found.line,
            f"{prefixes[0]!r} is only the beginning of a name: every interface that begins so is taken, also one that "
            "leads nowhere.",
            f"In line {found.line} write: export {INTERFACES_VARIABLE}={wanted}",
            found.column,
        )


INTERFACES = Rule(
    9,
    "interfaces",
    "Network interfaces are named exactly",
    Level.ERROR,
    "NCCL takes NCCL_SOCKET_IFNAME as a list of prefixes, and without it the first interface that it finds. With "
    "the wrong one the ranks do not find each other, or talk over the slow network.",
    source(
        "NCCL user guide, environment variables", "https://docs.nvidia.com/deeplearning/nccl/user-guide/docs/env.html"
    ),
    interfaces,
)


def watchdog(script: Script, _: RuleContext) -> Iterator[Hit]:
    """Will a rank that hangs be noticed?"""
    for found, _step in everywhere(script):
        name, text = found.name, found.value.text.lower()
        if name in GUARDS and text in OFF:
            yield Hit(
                found.line,
                f"{name}={found.value.text} switches off what ends a hanging job: all GPUs wait until the time limit.",
                f"Remove line {found.line}; the default ends the job when a rank does not answer.",
                found.column,
            )
        elif _WATCHES.fullmatch(name) and name not in KNOWN:
            new = RENAMED.get(name) or next(iter(difflib.get_close_matches(name, KNOWN, n=1, cutoff=0.8)), "")
            yield Hit(
                found.line,
                f"{name} is {'the old name of ' + new if name in RENAMED else 'a variable that nothing reads'}.",
                f"In line {found.line} write: {new}"
                if new
                else f"Remove line {found.line}; the limit is set in the training: init_process_group(timeout=...)",
                found.column,
                Level.WARNING,
            )


WATCHDOG = Rule(
    13,
    "watchdog",
    "A hanging rank ends the job",
    Level.ERROR,
    "PyTorch's watchdog tears a process down when a collective does not end. Switched off, or set through a name "
    "that nothing reads, one lost rank keeps all GPUs until the time limit.",
    source(
        "PyTorch, ProcessGroupNCCL environment variables",
        "https://docs.pytorch.org/docs/stable/torch_nccl_environment_variables.html",
    ),
    watchdog,
)


def open_service(script: Script, _: RuleContext) -> Iterator[Hit]:
    """Is every service bound to one address?"""
    for command in (*script.commands, *(inner for step in script.steps for inner in step.inner)):
        at = _open_to_all(command.words)
        if at is not None:
            yield Hit(
                at.line,
                "This service listens on every interface: each user of the cluster can reach it, some without a "
                "password.",
                f"In line {at.line} bind it to 127.0.0.1 and reach it through: ssh -N -L PORT:localhost:PORT NODE",
                at.column,
            )


OPEN_SERVICE = Rule(
    15,
    "open-service",
    "Services listen on one address",
    Level.ERROR,
    "Every user of the cluster can reach a compute node. A notebook or board on 0.0.0.0 runs code or shows data "
    "for whoever connects. Streamlit and `python -m http.server` do that by default.",
    source(
        "Jupyter Server, running a public server",
        "https://jupyter-server.readthedocs.io/en/stable/operators/public-server.html",
    ),
    open_service,
)


def _open_to_all(words: tuple[Word, ...]) -> Word | None:
    texts = [word.text for word in words]
    for i, word in enumerate(words):
        option, equals, value = word.text.partition("=")
        value = value if equals else next(iter(texts[i + 1 : i + 2]), "")
        if _ADDRESS.fullmatch(option) and _EVERYWHERE.fullmatch(value):
            return word
        if option == "--bind_all":
            return word
    for i, word in enumerate(words):
        name = word.text.rpartition("/")[2]
        if name in OPEN_BY_ITSELF and (name != "streamlit" or texts[i + 1 : i + 2] == ["run"]):
            closing, _ = OPEN_BY_ITSELF[name]
            if not any(text.partition("=")[0] == closing for text in texts):
                return word
    return None
