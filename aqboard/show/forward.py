"""What the model does, as rows: the shapes of its forward pass, and the order in which it visits the patches."""

from aqboard.checks.words import percent, shape
from aqboard.domain.evidence.forward import ForwardEvidence
from aqboard.domain.evidence.scan import ScanEvidence
from aqboard.show.words import NO, YES, Row

HERE = "❌ first to go wrong"


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


def direction_rows(evidence: ScanEvidence) -> list[Row]:
    """One row per wind direction that was blown over the whole grid."""
    return [
        {
            "wind": direction.label,
            "towards": f"{direction.angle_deg:g}°",
            "every patch once": YES if direction.permutation else NO,
            "order as asked": YES if direction.as_asked else NO,
            "tokens moved": percent(direction.moved),
        }
        for direction in evidence.directions
    ]
