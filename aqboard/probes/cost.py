"""What a training step takes, in time and memory, on the device that the probes run on."""

import gc
import os
import platform
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from aqboard.domain.evidence.training import CostEvidence
from aqboard.probes.bench import Bench
from aqboard.probes.context import Context, Probe
from aqboard.probes.step import Stepper
from aqboard.probes.team_code import observe

TIMED_STEPS = 2
"""After one to warm up; a training step does not vary much from one to the next."""


def measure(context: Context) -> CostEvidence:
    """A few steps on one batch of the training's own size; running out of memory is evidence, too."""
    stepper = Stepper.of(context.target)
    batch = stepper.data.batches[0]
    module = Bench(context).loaded(context.scan).train()
    device = next((parameter.device for parameter in module.parameters()), torch.device("cpu"))
    optimizers = list(stepper.optimizers(module))
    on_gpu = device.type == "cuda"

    def step() -> float:
        began = time.perf_counter()
        module.zero_grad()
        stepper.loss(module, batch).backward()  # type: ignore[no-untyped-call]
        for optimizer in optimizers:
            optimizer.step()
        if on_gpu:
            torch.cuda.synchronize(device)
        return time.perf_counter() - began

    context.say("warming up")
    warmed, error, peak = _with_peak(step, device)
    times: list[float] = []
    for number in range(TIMED_STEPS if warmed is not None else 0):
        context.say(f"timing step {number + 1} of {TIMED_STEPS}")
        taken, error = observe(step)
        if taken is None:
            break
        times.append(taken)
    return CostEvidence(
        device=torch.cuda.get_device_name(device) if on_gpu else _processor(),
        device_kind="cuda" if on_gpu else "cpu",
        batch_size=context.target.size(batch),
        source=stepper.data.source,
        step_s=tuple(times),
        peak_bytes=peak,
        capacity_bytes=torch.cuda.get_device_properties(device).total_memory if on_gpu else _main_memory(),
        state_bytes=_state_bytes(module, optimizers),
        billing=context.attempt.billing,
        error=error,
    )


def _with_peak(step: Callable[[], float], device: torch.device) -> tuple[float | None, str, int | None]:
    """One step, and the peak of memory: all of it on a GPU, what the step added on a CPU."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        result, error = observe(step)
        return result, error, torch.cuda.max_memory_allocated(device)
    gc.collect()
    try:
        Path("/proc/self/clear_refs").write_text("5")  # resets the peak
        before = _resident("VmRSS")
    except OSError:
        return *observe(step), None
    result, error = observe(step)
    return result, error, max(0, _resident("VmHWM") - before)


def _resident(field: str) -> int:
    """A line of the process's status, bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"no {field} in /proc/self/status")


def _state_bytes(module: nn.Module, optimizers: list[Optimizer]) -> int:
    """Parameters, buffers, gradients, and whatever tensors the optimizers keep."""
    grads = (parameter.grad for parameter in module.parameters() if parameter.grad is not None)
    kept = (value for optimizer in optimizers for state in optimizer.state.values() for value in state.values())
    tensors = chain(module.parameters(), module.buffers(), grads, kept)
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors if isinstance(tensor, Tensor))


def _main_memory() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None


def _processor() -> str:
    """The processor's name and the threads in use."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {torch.get_num_threads()} threads"


PROBE = Probe(CostEvidence, "Time and memory of a step", measure)
