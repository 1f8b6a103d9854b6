"""One full forward pass on a real batch, traced module by module; when it fails, find the input at fault."""

import time

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from aqboard.domain.evidence.forward import ForwardEvidence, InputFault, ModuleCall
from aqboard.probes.context import Context, Probe
from aqboard.probes.target import Forwards
from aqboard.probes.team_code import able, observe

Inputs = dict[str, Tensor]


def measure(context: Context) -> ForwardEvidence:
    """Run the pass as the plan hands its inputs over; compare a failing one with the pass on proper inputs."""
    target = able(context.target, Forwards)
    module = target.build(context.scan)
    wanted = target.inputs(target.validation_batches()[0])
    given = target.planned_inputs(wanted)
    began = time.perf_counter()
    trace, output, error = run(target, module, given)
    seconds = time.perf_counter() - began
    fault = find_fault(target, module, given, wanted, trace) if error else None
    return ForwardEvidence(
        inputs={name: tuple(tensor.shape) for name, tensor in given.items()},
        trace=tuple(trace),
        output=tuple(output.shape) if output is not None else (),
        output_finite=output is not None and bool(output.isfinite().all()),
        error=error,
        fault=fault,
        seconds=seconds,
    )


def run(target: Forwards, module: nn.Module, inputs: Inputs) -> tuple[list[ModuleCall], Tensor | None, str]:
    """The calls that completed, the output if there was one, and the error if there was one."""
    trace: list[ModuleCall] = []
    handles = [_watch(name, child, trace) for name, child in module.named_modules() if name]
    with torch.no_grad():
        output, error = observe(lambda: target.forward(module, inputs))
    for handle in handles:
        handle.remove()
    return trace, output, error


def find_fault(
    target: Forwards, module: nn.Module, given: Inputs, wanted: Inputs, failing: list[ModuleCall]
) -> InputFault | None:
    """Mend one input at a time; the one that makes the pass succeed is at fault. None when none does."""
    for name in given:
        if given[name].shape == wanted[name].shape:
            continue
        passing, output, _ = run(target, module, {**given, name: wanted[name]})
        if output is None:
            continue
        wrong = next(((bad, good) for bad, good in zip(failing, passing, strict=False) if _off(bad, good)), None)
        bad, good = wrong or (None, None)
        return InputFault(
            module=bad.name if bad else "",
            expected=good.output if good else (),
            got=bad.output if bad else (),
            input=name,
            input_expected=tuple(wanted[name].shape),
            input_got=tuple(given[name].shape),
        )
    return None


def _off(bad: ModuleCall, good: ModuleCall) -> bool:
    return bad.name == good.name and len(bad.output) != len(good.output)


def _watch(name: str, child: nn.Module, trace: list[ModuleCall]) -> RemovableHandle:
    """Note the module's calls; one that works piece by piece stands in the trace once."""

    def note(_: nn.Module, __: object, output: object) -> None:
        first = output[0] if isinstance(output, tuple | list) and output else output
        if isinstance(first, Tensor):
            call = ModuleCall(name=name, module=type(child).__name__, output=tuple(first.shape))
            if call not in trace:
                trace.append(call)

    return child.register_forward_hook(note)


PROBE = Probe(ForwardEvidence, "Full forward pass", measure)
