"""What a check is: one question, the evidence it needs, and a pure judge."""

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass

from aqboard.domain.evidence import Evidence
from aqboard.domain.finding import Judgement, Severity, Stage


@dataclass(frozen=True)
class Check:
    """One question about a launch.

    `judge(plan, *evidence)` gets the evidence listed in `needs`, in that order, and must be pure: it opens no file
    and knows no model, so that a stored attempt can be judged again by a later version of aqboard.
    """

    id: str
    title: str
    stage: Stage
    severity: Severity
    needs: tuple[type[Evidence], ...]
    judge: Callable[..., Judgement]

    @property
    def page(self) -> str:
        """The docstring of the judge's module: the question in the first line, then why it matters."""
        return inspect.getdoc(sys.modules[self.judge.__module__]) or ""

    @property
    def question(self) -> str:
        """The question in one line."""
        return self.page.partition("\n")[0]
