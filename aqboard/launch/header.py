"""The comment at the top of a script: what it launches, who answers for it, what it costs, where the figures come from.

Lines are plain text here; the template makes each a comment that holds nothing but text.
"""

import textwrap
from collections.abc import Iterator

from aqboard.domain.attempt import Attempt
from aqboard.domain.cluster import ClusterProfile, cite
from aqboard.domain.identity import WORTH, Identity
from aqboard.domain.plan import ClusterPlan
from aqboard.domain.signing.signoff import SignOff
from aqboard.domain.signing.waiver import WaiverStatus, says_nothing
from aqboard.domain.words import moment
from aqboard.launch.approval import Approval
from aqboard.launch.canary import canary_job
from aqboard.launch.cost import Outcomes, cost_of, stakes
from aqboard.launch.facts import facts

WIDTH = 110


def header(
    attempt: Attempt,
    job: ClusterPlan,
    profile: ClusterProfile,
    approval: Approval | None,
    outcomes: Outcomes,
    canary_sha256: str = "",
) -> tuple[str, ...]:
    """The lines of the header, without the `#` in front; `job` is the plan's, or its canary.

    `outcomes`: what the attempt's probes brought; from them comes what an epoch and the checks cost.
    """
    return (
        "",
        f"{'Launch' if job is attempt.plan.cluster else 'Canary of the launch'} of {attempt.name}",
        f"Attempt   {attempt.uid}, frozen {moment(attempt.created_at)} by aqboard {attempt.aqboard_version}",
        f"Author    {attempt.plan.author}",
        f"Job name  {job.job_name}",
        *(_signed(approval) if approval else _unsigned()),
        *_cost(attempt, job, profile, outcomes),
        *_canary(job, profile, canary_sha256),
        "",
        "Input files as they were checked: key in the plan, SHA-256, size in bytes, path",
        *(f"  {file.key}  {file.sha256}  {file.size}  {file.path}" for file in attempt.inputs),
        "",
        f"Cluster profile {profile.name} ({profile.title}), each figure with its source:",
        *_sources(profile, job.partition),
        "",
    )


def _cost(attempt: Attempt, job: ClusterPlan, profile: ClusterProfile, outcomes: Outcomes) -> Iterator[str]:
    """The canary trains no epoch, so only the launch's script says what one costs, and what was spent on checks."""
    yield f"Cost      {cost_of(job, profile).sentence}"
    if job is attempt.plan.cluster:
        at_stake = stakes(attempt.plan, profile, outcomes)
        yield f"          {at_stake.epoch_sentence}"
        yield f"          {at_stake.checks_sentence}"


def _canary(job: ClusterPlan, profile: ClusterProfile, sha256: str) -> Iterator[str]:
    if canary := canary_job(job, profile):
        yield (
            f"Canary    {canary.nodes} nodes, {canary.time} in {canary.partition}; this job is to start only if that "
            "ends well"
        )
        if sha256:
            yield f"          its script's SHA-256 is {sha256}"


def _unsigned() -> tuple[str, ...]:
    return ("Sign-off  NOT SIGNED: nobody has said GO. This is a preview, and its first command refuses to run.",)


def _signed(approval: Approval) -> Iterator[str]:
    yield f"Seal      {approval.seal}"
    if approval.until:
        yield f"Until     {moment(approval.until)} it may start; then a GO, the evidence or a waiver has expired"
    for signoff in approval.signoffs:
        yield from _signature(signoff)
    for standing in approval.waivers:
        yield from _waiver(standing)
    if approval.audit:
        yield f"Audit     {approval.audit}"


def _signature(signoff: SignOff) -> Iterator[str]:
    yield f"{signoff.decision:<9} {signoff.person}, {moment(signoff.created_at)}"
    yield f"          {_identified(signoff)}"
    yield from _quoted(signoff.comment)


def _waiver(standing: WaiverStatus) -> Iterator[str]:
    waiver, confirmed = standing.waiver, standing.confirmed_by
    unknown = ": NOBODY KNOWS whether it is right" if says_nothing(waiver.verdict) else ""
    yield f"WAIVED    {waiver.check} ({waiver.verdict}){unknown}, accepted until {moment(waiver.expires_at)}"
    for role, person in (("accepted", waiver), ("confirmed", confirmed)):
        if person:
            yield f"          {role} by {person.person}, {moment(person.created_at)}"
            yield f"          {_identified(person)}"
    yield from _quoted(f"Reason: {waiver.reason}")
    yield from _quoted(f"Risk: {waiver.risk}")


def _identified(person: Identity) -> str:
    roles = f", role {', '.join(person.roles)}" if person.roles else ""
    return f"identified by: {person.identified_by} ({WORTH[person.identified_by]}){roles}"


def _quoted(text: str) -> Iterator[str]:
    for paragraph in text.split("\n"):
        yield from (f"          | {line}" for line in textwrap.wrap(paragraph, WIDTH))


def _sources(profile: ClusterProfile, partition: str) -> Iterator[str]:
    for fact in facts(profile, partition):
        yield f"  {fact.what}: {fact.value}"
        yield f"      {cite(fact.source)}"
