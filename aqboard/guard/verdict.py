"""The verdict file: written inside the job, read outside it.

Rank 0 rewrites it after every look, so that it also tells of a job that was killed from outside. The folder is one that
the job can write to, so what is read may be anything, or half of it.
"""

import logging
import os
import socket
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from aqboard.domain.job.guard_verdict import GuardCheck, GuardVerdict, Stop
from aqboard.domain.job.manifest import LaunchManifest
from aqboard.domain.model import first_fault
from aqboard.domain.words import printable
from aqboard.files import open_regular
from aqboard.guard import VERDICT
from aqboard.guard.judge import GuardOutcome
from aqboard.guard.writing import write_whole
from aqboard.readers.errors import ReadError

if TYPE_CHECKING:  # the job that writes needs none of the board's records
    from aqboard.domain.job.slurm_job import Submission

logger = logging.getLogger(__name__)

MAX_CHECKS = 100
MAX_TEXT = 2000
MAX_BYTES = 256 << 10
"""A verdict with a hundred looks has forty kilobytes."""
MAX_FAULT = 200
"""Characters of what is wrong with a file: the name of an unknown field comes from the file."""


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

    def stopped(self, outcome: GuardOutcome) -> None:
        """The guard ends the job."""
        self._write(
            "stopped",
            step=outcome.check.step,
            code=int(outcome.stop or 0),
            reason=outcome.reason[:MAX_TEXT],
            quantity=outcome.quantity,
            observed=outcome.observed,
            limit=outcome.limit,
            ranks_at_fault=outcome.ranks,
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


def read_verdict(submission: "Submission", others: Collection[str] = ()) -> GuardVerdict | None:
    """What this job's guard wrote beside its script; None while it has written nothing.

    `others`: numbers of other jobs of the same attempt. A script may be submitted again, and until the new job's guard
    writes, the folder holds the verdict of the job before: that counts as nothing written.

    Raises ReadError: `not-a-file`, `no-permission`, `too-big`, `malformed` for what is not a verdict, `other-launch`
    for one on another attempt or seal, `other-job` for one on a job that nobody knows.
    """
    path = Path(submission.script).with_name(VERDICT)
    content = _content(path)
    if content is None:
        return None
    try:
        verdict = GuardVerdict.model_validate_json(content)
    except ValidationError as error:
        fault = " ".join(printable(first_fault(error, whole="the file")).split())
        raise ReadError(f"{path} is not a guard's verdict: {fault[:MAX_FAULT]}", code="malformed") from None
    if (verdict.attempt, verdict.seal) != (submission.attempt, submission.seal):
        raise ReadError(
            f"{path} speaks of attempt {verdict.attempt[:40]}, seal {verdict.seal[:12]}, not of this launch; somebody "
            "put it there, or the folder was used for two launches.",
            code="other-launch",
        )
    if verdict.job == submission.job:
        return verdict
    if verdict.job in others:
        logger.debug("%s speaks of job %s, job %s has written nothing yet", path, verdict.job, submission.job)
        return None
    raise ReadError(
        f"{path} speaks of {f'job {verdict.job[:40]}' if verdict.job else 'a run outside Slurm'}, not of job "
        f"{submission.job}; was the script also started by hand?",
        code="other-job",
    )


def _content(path: Path) -> bytes | None:
    """Its bytes; None when nothing has that name. Follows no link, waits for no pipe, reads no more than a verdict."""
    try:
        with open_regular(path, follow_links=False) as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        code = "no-permission" if isinstance(error, PermissionError) else "not-a-file"
        raise ReadError(f"{path} cannot be read ({error.strerror}).", code=code) from None
    if len(content) > MAX_BYTES:
        raise ReadError(f"{path} is larger than any verdict ({MAX_BYTES >> 10} KiB).", code="too-big")
    return content
