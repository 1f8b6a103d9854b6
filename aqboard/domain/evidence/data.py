"""Evidence on the data: what the launch would feed the model, and what the checkpoint was trained on."""

from datetime import date
from typing import ClassVar, Self

from pydantic import Field, JsonValue, model_validator

from aqboard.domain.evidence.base import Evidence
from aqboard.domain.model import Record


class Statistics(Record):
    """How one variable is normalised: `z = (t(x) - mean) / std`, t the identity or `log(x + offset)`."""

    mean: float
    std: float
    transform: str = "none"
    offset: float = 0.0


class Period(Record):
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"a period cannot end ({self.last}) before it begins ({self.first})")
        return self

    @classmethod
    def of_year(cls, year: int) -> "Period":
        """A calendar year."""
        return cls(first=date(year, 1, 1), last=date(year, 12, 31))

    def overlaps(self, other: "Period") -> bool:
        """Whether the two share a day."""
        return self.first <= other.last and other.first <= self.last

    @property
    def words(self) -> str:
        """The period as people write it: `2019` for a whole year."""
        whole = (self.first.month, self.first.day, self.last.month, self.last.day) == (1, 1, 12, 31)
        if whole and self.first.year == self.last.year:
            return str(self.first.year)
        return f"{self.first} to {self.last}"


class DataFacts(Record):
    """What one training sees. An empty field is one that nothing is known of."""

    variables: tuple[str, ...] = ()
    """The model's input channels, in their order."""
    statistics: dict[str, Statistics] = Field(default_factory=dict)
    """By variable."""
    statistics_digest: str = ""
    """Of the statistics of `variables`, where a checkpoint records no more than that."""
    train: tuple[Period, ...] = ()
    validation: tuple[Period, ...] = ()
    selection: dict[str, JsonValue] = Field(default_factory=dict)
    """What else decides which samples the validation loss is computed on, e.g. lead times."""


class DataEvidence(Evidence):
    """The data of this launch, and the data of the training that made the checkpoint."""

    kind: ClassVar[str] = "data"
    builds_on: ClassVar[tuple[str, ...]] = ("checkpoint",)
    launch: DataFacts | None = None
    """None when the target does not say."""
    trained: DataFacts | None = None
    """None when the checkpoint does not say, or the target cannot read it there."""
