"""The suite: every question asked before a launch, in reading order."""

from aqboard.checks import (
    cache_content,
    cache_trained_with,
    cache_valid,
    checkpoint_bitwise,
    checkpoint_coverage,
    checkpoint_intact,
    checkpoint_settings,
    forward_shapes,
    loss_candidates,
    loss_first,
    scan_cache_used,
    scan_order,
    scan_refusal,
    scan_rule,
)
from aqboard.checks.check import Check

SUITE: tuple[Check, ...] = (
    checkpoint_intact.CHECK,
    checkpoint_coverage.CHECK,
    checkpoint_bitwise.CHECK,
    checkpoint_settings.CHECK,
    scan_rule.CHECK,
    scan_order.CHECK,
    scan_cache_used.CHECK,
    scan_refusal.CHECK,
    cache_valid.CHECK,
    cache_trained_with.CHECK,
    cache_content.CHECK,
    forward_shapes.CHECK,
    loss_first.CHECK,
    loss_candidates.CHECK,
)

__all__ = ["SUITE", "Check"]
