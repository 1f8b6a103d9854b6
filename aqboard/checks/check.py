"""What a check is: one question, the evidence it needs, and a pure judge."""

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass

from aqboard.domain.evidence.base import Evidence
from aqboard.domain.finding import Judgement, Severity, Stage
from aqboard.domain.plan import LaunchPlan


def always(_: LaunchPlan) -> str:
    """Applies to every launch."""
    return ""


def where_wind_orders_tokens(plan: LaunchPlan) -> str:
    """Applies where the plan has a scan section."""
    return "" if plan.scan else "the plan has no scan section"


@dataclass(frozen=True)
class Check:
    """One question about a launch.

    `judge(plan, *evidence)` gets the evidence listed in `needs`, in that order, and must be pure: it opens no file
    and knows no model, so that a stored attempt can be judged again by a later version of aqboard.

    `applies(plan)` is empty, or says why there is nothing to ask of this launch. It may look at nothing but the plan:
    a question that could be asked but whose evidence is missing is a skip, and blocks.
    """

    id: str
    title: str
    stage: Stage
    severity: Severity
    needs: tuple[type[Evidence], ...]
    judge: Callable[..., Judgement]
    applies: Callable[[LaunchPlan], str] = always

    @property
    def page(self) -> str:
        """The docstring of the judge's module: the question in the first line, then why it matters."""
        return inspect.getdoc(sys.modules[self.judge.__module__]) or ""

    @property
    def question(self) -> str:
        """The question in one line."""
        return self.page.partition("\n")[0]
