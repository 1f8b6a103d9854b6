"""The suite: every question asked before a launch, in reading order; then those that installed packages ask.

A package brings checks through the entry point group `aqboard.checks`, and the probes behind them through
`aqboard.probes`.
"""

from collections.abc import Collection

from aqboard.checks import (
    baseline_agrees,
    cache_content,
    cache_timeline,
    cache_trained_with,
    cache_valid,
    checkpoint_bitwise,
    checkpoint_configuration,
    checkpoint_coverage,
    checkpoint_healthy,
    checkpoint_intact,
    checkpoint_launch,
    checkpoint_optimizer,
    checkpoint_settings,
    data_periods,
    data_statistics,
    environment_output,
    environment_ready,
    forward_counterfactuals,
    forward_deterministic,
    forward_shapes,
    launch_agrees,
    launch_walltime,
    loss_attribution,
    loss_candidates,
    loss_first,
    plugin_loaded,
    ranks_equal,
    scan_cache_used,
    scan_order,
    scan_refusal,
    scan_rule,
    train_cost,
    train_one_step,
)
from aqboard.checks.check import Check
from aqboard.checks.selection import kinds
from aqboard.plugins import CHECKS, plugins

SUITE: tuple[Check, ...] = (
    checkpoint_intact.CHECK,
    checkpoint_healthy.CHECK,
    checkpoint_coverage.CHECK,
    checkpoint_bitwise.CHECK,
    checkpoint_settings.CHECK,
    checkpoint_configuration.CHECK,
    checkpoint_optimizer.CHECK,
    checkpoint_launch.CHECK,
    baseline_agrees.CHECK,
    scan_rule.CHECK,
    scan_order.CHECK,
    scan_cache_used.CHECK,
    scan_refusal.CHECK,
    cache_valid.CHECK,
    cache_trained_with.CHECK,
    cache_content.CHECK,
    cache_timeline.CHECK,
    data_statistics.CHECK,
    data_periods.CHECK,
    forward_shapes.CHECK,
    forward_deterministic.CHECK,
    forward_counterfactuals.CHECK,
    loss_first.CHECK,
    loss_candidates.CHECK,
    loss_attribution.CHECK,
    train_one_step.CHECK,
    ranks_equal.CHECK,
    train_cost.CHECK,
    launch_agrees.CHECK,
    launch_walltime.CHECK,
    environment_output.CHECK,
    environment_ready.CHECK,
)
"""Ours, without those of installed packages."""


def installed_suite(suite: tuple[Check, ...] = SUITE) -> tuple[Check, ...]:
    """The suite, then the checks of installed packages; each package with a fault leaves one check that says so."""
    known, faults = list(suite), dict[str, list[str]]()
    for plugin in plugins(CHECKS):
        fault = plugin.fault or _misfit(plugin.things, known)
        if fault:
            faults.setdefault(plugin.package, []).append(f"{plugin.entry}: {fault}")
        else:
            known += [thing for thing in plugin.things if isinstance(thing, Check)]
    return (*known, *(plugin_loaded.check(package, told) for package, told in faults.items()))


def _misfit(things: tuple[object, ...], known: Collection[Check]) -> str:
    """Why these are not checks that can stand beside the known ones; empty when they are."""
    own = {kind.kind: kind for kind in kinds(known)}
    taken = {check.id for check in known}
    for thing in things:
        if not isinstance(thing, Check):
            return f"it names a {type(thing).__name__}, not an aqboard.api.Check"
        if thing.id in taken:
            return f"the check {thing.id!r} exists already"
        taken.add(thing.id)
        for kind in thing.needs:
            if own.setdefault(kind.kind, kind) is not kind:
                return f"the evidence {kind.kind!r} exists already"
    return "" if things else "it names no check"
