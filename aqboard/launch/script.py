"""Render the sbatch script. Pure: the same attempt, profile and approval always give the same text."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from aqboard.domain.attempt import Attempt
from aqboard.domain.errors import LaunchError
from aqboard.domain.plan import LaunchPlan
from aqboard.launch import quoting
from aqboard.launch.approval import Approval
from aqboard.launch.cluster import PER_TASK_VARIABLES, ClusterProfile
from aqboard.launch.header import header

__all__ = ["Approval", "render", "render_body"]

TEMPLATE = "job.sbatch.j2"


def render_body(plan: LaunchPlan, profile: ClusterProfile) -> str:
    """The script without what is known only when it is signed: this text goes into the seal.

    `render` adds the header, and the check of the input files, whose digests the seal holds by themselves.
    Raises LaunchError for a value that cannot be written safely.
    """
    return _fill(plan, profile, header=(), refuse=False, inputs=(), input_bytes=0)


def render(attempt: Attempt, profile: ClusterProfile, approval: Approval | None) -> str:
    """The whole script, ready for sbatch.

    Without an approval it is a preview: it says NOT SIGNED, and its first command refuses to go on.
    Raises LaunchError when the approval is for another attempt, when an input file of the plan has no digest,
    or for a value that cannot be written safely.
    """
    if approval is not None and approval.attempt != attempt.uid:
        raise LaunchError(
            f"The approval was given for attempt {approval.attempt}, not for {attempt.uid}; sign this attempt."
        )
    return _fill(
        attempt.plan,
        profile,
        header=header(attempt, profile, approval),
        refuse=approval is None,
        inputs=_digests(attempt),
        input_bytes=sum(file.size for file in attempt.inputs),
    )


def _digests(attempt: Attempt) -> tuple[tuple[str, str], ...]:
    """(sha256, path) of every input file; a file named twice in the plan is checked once."""
    frozen = {file.key for file in attempt.inputs}
    for key, path in attempt.plan.input_files():
        if key not in frozen:
            raise LaunchError(f"{key}: {path} has no digest in attempt {attempt.uid}; freeze the plan again.")
    return tuple(dict.fromkeys((file.sha256, file.path.as_posix()) for file in attempt.inputs))


def _fill(plan: LaunchPlan, profile: ClusterProfile, **values: object) -> str:
    cluster = plan.cluster
    return _ENVIRONMENT.get_template(TEMPLATE).render(
        cluster=cluster,
        profile=profile,
        tasks=cluster.nodes * cluster.gpus_per_node,
        per_task_variables=PER_TASK_VARIABLES,
        **values,
    )


def _only_safe(value: object) -> object:
    """What the template engine asks of every expression before it writes its value."""
    if isinstance(value, quoting.Safe):
        return value
    raise TypeError(f"{TEMPLATE} writes {value!r} without a quoting filter.")


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
        name: getattr(quoting, name)
        for name in ("sh", "words", "word", "number", "variable", "slug", "comment", "digest_line")
    }
    return environment


_ENVIRONMENT = _environment()
