"""The shape trace of a forward pass as rows."""

from aqboard.checks.words import shape
from aqboard.domain.evidence import ForwardEvidence

HERE = "❌ first to go wrong"

Row = dict[str, str | int]


def input_rows(evidence: ForwardEvidence) -> list[Row]:
    """One row per input, with the shape it was given and, for the one at fault, the shape the model wants."""
    fault = evidence.fault
    return [
        {
            "input": name,
            "shape given": shape(dims),
            "": f"❌ the model wants {shape(fault.input_expected)}" if fault and fault.input == name else "✅",
        }
        for name, dims in evidence.inputs.items()
    ]


def trace_rows(evidence: ForwardEvidence) -> list[Row]:
    """One row per module, in order of completion; the first that leaves the passing run is marked."""
    fault = evidence.fault
    return [
        {
            "order": number,
            "module": call.name or "(the model itself)",
            "class": call.module,
            "output shape": shape(call.output),
            "": f"{HERE}, expected {shape(fault.expected)}" if fault and fault.module == call.name else "",
        }
        for number, call in enumerate(evidence.trace, 1)
    ]
