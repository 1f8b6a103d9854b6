"""The verdict file: rank 0 rewrites it after every look, so that it also tells a job that was killed from outside."""

import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from aqboard.domain.job.guard_verdict import GuardCheck, GuardVerdict, Stop
from aqboard.domain.job.manifest import LaunchManifest
from aqboard.guard.judge import Decision
from aqboard.guard.writing import write_whole

MAX_CHECKS = 100
MAX_TEXT = 2000


class Recorder:
    """Collects the looks of one job."""

    def __init__(self, manifest: LaunchManifest, world: int, environment: Mapping[str, str] = os.environ) -> None:
        self._manifest, self._started_at = manifest, datetime.now(UTC)
        self.checks: list[GuardCheck] = []
        restarts = environment.get("SLURM_RESTART_COUNT", "")
        self._job: dict[str, Any] = {
            "attempt": manifest.attempt,
            "seal": manifest.seal,
            "manifest": manifest.sha256,
            "world": world,
            "nodes": environment.get("SLURM_JOB_NODELIST", "")[:MAX_TEXT],
            "host": socket.gethostname(),
            "job": environment.get("SLURM_JOB_ID", ""),
            "restarts": int(restarts) if restarts.isdecimal() else 0,
        }

    def add(self, check: GuardCheck) -> None:
        """One more look."""
        self.checks = [*self.checks, check][:MAX_CHECKS]

    def goes_on(self) -> None:
        """The last look found nothing."""
        self._write("running")

    def finished(self, step: int) -> None:
        """The training came to its end."""
        self._write("finished", step=step)

    def stopped(self, decision: Decision) -> None:
        """The guard ends the job."""
        self._write(
            "stopped",
            step=decision.check.step,
            code=int(decision.stop or 0),
            reason=decision.reason[:MAX_TEXT],
            quantity=decision.quantity,
            observed=decision.observed,
            limit=decision.limit,
            ranks_at_fault=decision.ranks,
        )

    def raised(self, step: int, error: BaseException) -> None:
        """The training raised on rank 0; the cause may be another rank that is gone."""
        told = f"Rank 0 ended with {type(error).__name__} after step {step}: {error}"
        self._write("raised", step=step, code=1, reason=told[:MAX_TEXT])

    def gave_up(self, waited_s: float) -> None:
        """Other ranks did not answer, or this one does not come on."""
        step = self.checks[-1].step if self.checks else 0
        reason = (
            f"Rank 0 made no progress for {waited_s:.0f} s, some time after step {step}: it waits for another rank, or "
            "hangs itself. The log of the job says which rank raised, if one did."
        )
        self._write("stopped", step=step, code=int(Stop.BROKEN), reason=reason)

    def _write(self, state: Literal["running", "finished", "stopped", "raised"], **facts: Any) -> None:
        facts.setdefault("step", self.checks[-1].step if self.checks else 0)
        verdict = GuardVerdict(
            **self._job,
            **facts,
            state=state,
            started_at=self._started_at,
            written_at=datetime.now(UTC),
            checks=tuple(self.checks),
        )
        write_whole(self._manifest.verdict_file, verdict.model_dump_json(indent=1) + "\n")
