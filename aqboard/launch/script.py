"""Render the sbatch script. Pure: the same attempt, profile and approval always give the same text."""

from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from aqboard.domain.attempt import Attempt
from aqboard.domain.cluster import PER_TASK_VARIABLES, ClusterProfile
from aqboard.domain.errors import LaunchError
from aqboard.domain.plan import ClusterPlan, LaunchPlan
from aqboard.launch import quoting
from aqboard.launch.approval import Approval
from aqboard.launch.canary import canary_job
from aqboard.launch.container import bindable, container_of
from aqboard.launch.cost import Outcomes
from aqboard.launch.header import header

__all__ = ["Approval", "Signed", "render", "render_body", "render_canary", "render_chain"]

TEMPLATE, CHAIN = "job.sbatch.j2", "submit.sh.j2"


class Signed(NamedTuple):
    """The manifest that a signed script carries: where it lies, and the digest of its bytes."""

    path: str
    sha256: str


NOT_CHECKED: Outcomes = {}

UNSIGNED = Signed("(named when it is signed)", "(none)")
"""What a preview shows instead."""


def render_body(plan: LaunchPlan, profile: ClusterProfile) -> str:
    """The scripts without what is known only when they are signed: this text goes into the seal.

    The launch's, and behind it the canary's where there is one. `render` and `render_canary` add the header and the
    manifest, whose content the seal holds by itself. Raises LaunchError for a value that cannot be written safely.
    """
    jobs = (plan.cluster, canary_job(plan.cluster, profile))
    return "\n".join(
        _fill(plan, job, profile, canary=job is not plan.cluster, header=(), refuse=False, signed=None)
        for job in jobs
        if job is not None
    )


def render(
    attempt: Attempt,
    profile: ClusterProfile,
    approval: Approval | None,
    signed: Signed | None = None,
    *,
    outcomes: Outcomes = NOT_CHECKED,
    canary_sha256: str = "",
) -> str:
    """The script of the launch, ready for sbatch; its header vouches for the canary's script by its digest.

    `outcomes`: of the attempt's probes, for what the header says of an epoch and of the checks.

    Without an approval it is a preview: it says NOT SIGNED, and its first command refuses to go on.
    Raises LaunchError when the approval is for another attempt or comes without the manifest that was `signed`, when
    an input file of the plan has no digest, or for a value that cannot be written safely.
    """
    return _whole(attempt, attempt.plan.cluster, profile, approval, signed, outcomes, canary_sha256)


def render_canary(
    attempt: Attempt, profile: ClusterProfile, approval: Approval | None, signed: Signed | None = None
) -> str | None:
    """The script of the canary, under the same conditions; None when the plan asks for none."""
    job = canary_job(attempt.plan.cluster, profile)
    return None if job is None else _whole(attempt, job, profile, approval, signed)


def render_chain(attempt: Attempt, approval: Approval, *, canary: str, main: str) -> str:
    """A shell script for people who submit by hand: the canary first, the launch only if that ends well.

    `canary` and `main` are the names of the two scripts in its own folder.
    """
    lines = (f"Launch of {attempt.name}, attempt {attempt.uid}", f"Seal {approval.seal}")
    return _ENVIRONMENT.get_template(CHAIN).render(lines=lines, canary=canary, main=main)


def _whole(
    attempt: Attempt,
    job: ClusterPlan,
    profile: ClusterProfile,
    approval: Approval | None,
    signed: Signed | None,
    outcomes: Outcomes = NOT_CHECKED,
    canary_sha256: str = "",
) -> str:
    if approval is not None and approval.attempt != attempt.uid:
        raise LaunchError(
            f"The approval was given for attempt {approval.attempt}, not for {attempt.uid}; sign this attempt."
        )
    if approval is not None and signed is None:
        raise LaunchError("A signed script carries the manifest of what was signed; write that first.")
    if signed is not None and job.container is not None:
        bindable(Path(signed.path).parent.as_posix())
    _require_digests(attempt)
    return _fill(
        attempt.plan,
        job,
        profile,
        canary=job is not attempt.plan.cluster,
        header=header(attempt, job, profile, approval, outcomes, canary_sha256),
        refuse=approval is None,
        signed=signed or UNSIGNED,
    )


def _require_digests(attempt: Attempt) -> None:
    frozen = {file.key for file in attempt.inputs}
    for key, path in attempt.plan.input_files():
        if key not in frozen:
            raise LaunchError(f"{key}: {path} has no digest in attempt {attempt.uid}; freeze the plan again.")


def _fill(plan: LaunchPlan, job: ClusterPlan, profile: ClusterProfile, **values: object) -> str:
    container = container_of(plan, profile)
    return _ENVIRONMENT.get_template(TEMPLATE).render(
        cluster=job,
        profile=profile,
        container=container,
        within=container is not None or job.venv is not None,
        tasks=job.gpus,
        per_task_variables=PER_TASK_VARIABLES,
        **values,
    )


def _only_safe(value: object) -> object:
    """What the template engine asks of every expression before it writes its value."""
    if isinstance(value, quoting.Safe):
        return value
    raise TypeError(f"A template writes {value!r} without a quoting filter.")


def _environment() -> Environment:
    # HTML escaping would be the wrong protection here: `_only_safe` refuses whatever no quoting filter has seen.
    environment = Environment(  # noqa: S701
        loader=PackageLoader("aqboard.launch"),
        undefined=StrictUndefined,
        finalize=_only_safe,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # The usual `{#` is also how bash begins the length of an array, `${#hosts[@]}`.
        comment_start_string="{##",
        comment_end_string="##}",
    )
    environment.filters |= {
        name: getattr(quoting, name) for name in ("sh", "words", "word", "number", "variable", "slug", "comment")
    }
    return environment


_ENVIRONMENT = _environment()
