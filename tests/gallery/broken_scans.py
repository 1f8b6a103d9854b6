"""Launches whose wind scan or scan cache is wrong."""

import torch
from aqboard_reference.topoflow.model import TopoFlow

from aqboard.domain.readiness import State
from tests.gallery import changing
from tests.gallery.broken import LOSS, MODEL, ORDERS, Broken, of


def _row_major_in_silence(launch, monkeypatch):
    """An exception handler around the reordering that goes on in row-major order."""
    rows = lambda self, x: torch.arange(self.config.num_patches).expand(len(x), -1)  # noqa: E731
    monkeypatch.setattr(TopoFlow, "token_order", rows)
    return {}


def _cache_never_read(launch, monkeypatch):
    """A second definition of the reordering, which computes exact angles."""
    init = TopoFlow.__init__

    def by_angle(self, config, normalisation, cache=None):
        rule = config.scan_rule.replace("strip-sector", "strip-angle")
        init(self, config.model_copy(update={"scan_rule": rule}), normalisation, cache)

    monkeypatch.setattr(TopoFlow, "__init__", by_angle)
    return {}


def _nan_taken_for_angle_0(launch, monkeypatch):
    """Wind that is not finite is replaced without a word."""
    forward = TopoFlow.forward
    monkeypatch.setattr(
        TopoFlow, "forward", lambda self, x, *rest, **options: forward(self, x.nan_to_num(), *rest, **options)
    )
    return {}


SCANS: tuple[Broken, ...] = (
    Broken(
        "another cache than the training's",
        lambda *_: {"scan": {"cache": "cache_other.pkl", "candidates": ["cache.pkl"]}},
        "cache.trained_with",
        "holds other orders than the one of the training",
        LOSS,
    ),
    Broken(
        "the cache of another grid",
        lambda launch, _: changing.cache(launch, "high", changing.other_grid),
        "cache.valid",
        "for 16 x 16 patches, the model has 8 x 16",
        MODEL | of("cache.trained_with"),
    ),
    Broken(
        "an order that names a patch twice",
        lambda launch, _: changing.cache(launch, "twice", changing.a_patch_twice),
        "cache.valid",
        "orders are not permutations; the first is",
        MODEL | of("cache.trained_with"),
    ),
    Broken(
        "a text file as cache",
        lambda launch, _: (launch.folder / "notes.pkl").write_text("notes") and {"scan": {"cache": "notes.pkl"}},
        "cache.valid",
        "scan.cache",
        MODEL | of("cache.trained_with", "cache.content", "cache.timeline"),
        state=State.INCOMPLETE,
    ),
    Broken(
        "another rule than the training's",
        lambda *_: {"scan": {"rule": "block-sector"}},
        "checkpoint.settings",
        "scan rule is block-sector, trained with strip-sector",
        LOSS,
    ),
    Broken(
        "another layout than the training's",
        lambda *_: {"scan": {"layout": "compat"}},
        "checkpoint.settings",
        "scan layout is compat, trained with corrected",
        LOSS,
        anew=("attribution",),
    ),
    Broken(
        "row-major order, silently",
        _row_major_in_silence,
        "scan.rule",
        "orders its tokens by none; the plan asks for strip-sector",
        ORDERS | LOSS | of("forward.counterfactuals"),
    ),
    Broken(
        "a cache that is loaded and never read",
        _cache_never_read,
        "scan.cache_used",
        "the cache is not read",
        ORDERS | LOSS,
    ),
    Broken(
        "NaN wind accepted",
        _nan_taken_for_angle_0,
        "scan.refusal",
        "A NaN wind pixel is accepted without a word",
        state=State.READY,  # it warns: the launch starts well, and may go wrong on a day with a gap in its wind
    ),
)
