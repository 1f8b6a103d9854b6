"""How figures and lists are written in findings."""

from collections.abc import Sequence

from aqboard.domain.baseline import ENOUGH
from aqboard.domain.plan import BaselinePlan


def some(items: Sequence[str], most: int = 3) -> str:
    """The first few of a list, and how many more there are: `a, b, c and 89 more`."""
    if len(items) <= most:
        return ", ".join(items)
    return f"{', '.join(items[:most])} and {len(items) - most} more"


def shape(dims: Sequence[int]) -> str:
    """A shape as people write it: `[2, 15, 128, 256]`."""
    return f"[{', '.join(str(d) for d in dims)}]"


def percent(share: float) -> str:
    """A share between 0 and 1 as a percentage; never rounds up to a false 100 %."""
    text = f"{100 * share:.1f} %"
    return "99.9 %" if text == "100.0 %" and share < 1 else text


def loss(value: float) -> str:
    """A loss with the four digits people compare."""
    return f"{value:.4f}"


MEASURE_AGAIN = (
    f"Measure the baseline at least {ENOUGH} times (other seeds, batch sizes, precisions), or leave out "
    "baseline.measurements and give a tolerance."
)
"""What to do where `domain.baseline.band` gives no limit."""


def too_few(baseline: BaselinePlan) -> str:
    """Why there is no limit to hold a loss against."""
    return (
        f"{len(baseline.measurements)} measurements of the baseline do not tell how far they spread: "
        "no limit can be given."
    )
