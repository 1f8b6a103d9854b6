"""Call the team's code and see what it does: a result, or the error it raises.

The one place in the probes that catches everything: an error of the code under check is evidence, not a crash.
"""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def observe(call: Callable[[], T]) -> tuple[T | None, str]:
    """The result and an empty string, or None and the error as `Type: message`."""
    try:
        return call(), ""
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"
