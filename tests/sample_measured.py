"""Evidence of the probes that measure the model beyond the first loss: what they bring when all is as it should be."""

from aqboard.domain.attempt import NodeBilling
from aqboard.domain.attribution import Setting, Tried
from aqboard.domain.evidence.base import Evidence
from aqboard.domain.evidence.forward import CounterfactualEvidence, ForwardChange, RepeatEvidence
from aqboard.domain.evidence.loss import AttributionEvidence
from aqboard.domain.evidence.training import CostEvidence, RankReport, RanksEvidence, StepEvidence

PLANNED = Setting(weights="as loaded", cache="cache.pkl", rule="strip-sector", layout="corrected")
TENSORS = 15
SHARES = (0.94, 0.98, 1.02, 1.06)
"""How batches differ from each other, whatever the setting."""


def healthy() -> tuple[Evidence, ...]:
    """A model that depends on what it should, starts from the baseline's loss, and trains."""
    return (_changes(), _repeat(), attribution(), step(), ranks(), cost())


def as_found() -> tuple[Evidence, ...]:
    """The story's launch: nothing is loaded, and the layout is not the training's."""
    planned = PLANNED.with_value("layout", "compat")
    mapped = planned.with_value("weights", "keys mapped")
    reference = mapped.with_value("layout", "corrected")
    rows = (tried(planned, 3.19), tried(mapped, 0.964), tried(reference, 0.3561))
    losses = AttributionEvidence(planned=planned, reference=reference, tried=rows)
    return losses, step().model_copy(update={"loss": 3.85, "loss_after": 3.84})


def tried(setting: Setting, mean: float, batches: int = 4) -> Tried:
    """A setting's loss, `mean` over all four batches, measured on the first few."""
    return Tried(setting=setting, per_batch=tuple(mean * share for share in SHARES[:batches]), samples=(2,) * batches)


def attribution() -> AttributionEvidence:
    """No gap, and what each mistake would cost."""
    mistakes = (
        ("weights", "random", 3.21, 4),
        ("cache", "reversed.pkl", 0.3761, 4),
        ("layout", "compat", 0.964, 2),
        ("mode", "training", 0.46, 2),
    )
    rows = [tried(PLANNED.with_value(factor, value), loss, n) for factor, value, loss, n in mistakes]  # type: ignore[arg-type]
    return AttributionEvidence(planned=PLANNED, reference=PLANNED, tried=(tried(PLANNED, 0.3561), *rows))


def step() -> StepEvidence:
    """One step that works."""
    return StepEvidence(
        source="training data of 2018",
        samples=2,
        own_step=True,
        loss=0.42,
        loss_after=0.419,
        baseline_train_loss=0.61,
        parameters=14,
        gradient_norm=0.23,
        learning_rates=(2e-5, 2e-5),
    )


def ranks() -> RanksEvidence:
    """Two ranks that hold the same."""
    same = {"digest": "a" * 64, "tensors": TENSORS, "from_file": TENSORS}
    return RanksEvidence(
        backend="gloo",
        own_start=False,
        ranks=(RankReport(rank=0, **same), RankReport(rank=1, **same)),
        file_tensors=TENSORS,
    )


def cost() -> CostEvidence:
    """Steps timed on a GPU of the launch's kind."""
    return CostEvidence(
        device="AMD Instinct MI250X",
        device_kind="cuda",
        batch_size=2,
        source="training data of 2018",
        step_s=(0.36, 0.36),
        peak_bytes=40 * 2**30,
        capacity_bytes=64 * 2**30,
        state_bytes=840_000_000,
        billing=NodeBilling(unit="GPU-hours", per_node_hour=4.0),
    )


def _changes() -> CounterfactualEvidence:
    effects = {"u": 0.23, "elevation": 0.1, "lead_time": 0.06, "wind": 0.4, "scan_order": 0.07, "new_parameters": 0.0}
    changes = tuple(ForwardChange(name=name, effect=effect) for name, effect in effects.items())
    return CounterfactualEvidence(variables=("u", "elevation"), changes=changes)


def _repeat() -> RepeatEvidence:
    return RepeatEvidence(
        values=6144, not_finite=0, repeat_differs=0, repeat_largest=0.0, batch_size=2, alone_largest=2e-6
    )
