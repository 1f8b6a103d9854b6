"""The order the model really applies, direction by direction, as rows."""

from aqboard.checks.words import percent
from aqboard.domain.evidence import ScanEvidence

Row = dict[str, str | float]


def direction_rows(evidence: ScanEvidence) -> list[Row]:
    """One row per wind direction that was blown over the whole grid."""
    return [
        {
            "wind": direction.label,
            "towards": f"{direction.angle_deg:g}°",
            "every patch once": "✅ yes" if direction.permutation else "❌ no",
            "order as asked": "✅ yes" if direction.as_asked else "❌ no",
            "tokens moved": percent(direction.moved),
        }
        for direction in evidence.directions
    ]
