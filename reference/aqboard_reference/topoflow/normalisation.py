"""Per-variable statistics that turn physical units into what the model sees, and back.

`z = (t(x) - mean) / std`, where t is the identity or `log(x + offset)`. The file `normalisation.json` is plain:
`{"variables": {"u": {"mean": .., "std": .., "transform": "none", "offset": 0.0, "unit": "m/s"}, ...}}`.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from aqboard.domain.model import first_fault
from aqboard_reference.topoflow.config import Settings
from aqboard_reference.topoflow.errors import DataError


class VariableStatistics(Settings):
    """Mean and standard deviation of one variable after its transform."""

    mean: float = Field(allow_inf_nan=False)
    std: float = Field(gt=0, allow_inf_nan=False)
    transform: Literal["none", "log"] = "none"
    offset: float = Field(0.0, ge=0, allow_inf_nan=False)
    unit: str = ""


class Normalisation(Settings):
    """Statistics of every variable, by name."""

    variables: dict[str, VariableStatistics]

    def of(self, name: str) -> VariableStatistics:
        """Statistics of one variable; DataError names it when it is missing."""
        try:
            return self.variables[name]
        except KeyError:
            raise DataError(
                f"There are no normalisation statistics for the variable {name!r}; the file has "
                f"{', '.join(self.variables) or 'none'}."
            ) from None

    def linear(self, name: str) -> tuple[float, float]:
        """(mean, std) of a variable that is normalised without a transform; DataError otherwise."""
        statistics = self.of(name)
        if statistics.transform != "none":
            raise DataError(
                f"{name!r} is normalised with transform {statistics.transform!r}; the wind scan and the elevation "
                "bias need it in physical units, so it must be normalised by mean and std alone."
            )
        return statistics.mean, statistics.std

    def apply(self, name: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Normalise physical values of one variable (any shape); NaN stays NaN."""
        statistics = self.of(name)
        moved = transformed(values, statistics.transform, statistics.offset)
        return ((moved - np.float32(statistics.mean)) / np.float32(statistics.std)).astype(np.float32, copy=False)

    def digest(self, names: Sequence[str]) -> str:
        """SHA-256 of the statistics of `names`, in that order: equal when the model sees the same numbers."""
        rows = [[n, s.mean, s.std, s.transform, s.offset] for n in names for s in (self.of(n),)]
        return hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()

    def save(self, path: Path) -> None:
        """Write `normalisation.json`."""
        path.write_text(json.dumps(self.model_dump(), indent=2) + "\n", encoding="utf-8")


def transformed(values: NDArray[np.float32], transform: str, offset: float) -> NDArray[np.float32]:
    """t(x): the values themselves or `log(x + offset)`."""
    return np.log(values + np.float32(offset)) if transform == "log" else values


def read_normalisation(path: Path) -> Normalisation:
    """Read `normalisation.json`; DataError says what is wrong with it."""
    try:
        return Normalisation.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(
            f"The normalisation statistics {path} cannot be read ({error.strerror}); they belong beside the stores."
        ) from None
    except (ValidationError, UnicodeDecodeError) as error:
        told = first_fault(error, "the file") if isinstance(error, ValidationError) else "it is not text."
        raise DataError(f"{path} does not hold normalisation statistics: {told}") from None
