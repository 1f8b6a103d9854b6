"""What is at stake, in words and units; what is not known is said, never guessed."""

import pytest

from aqboard.domain.evidence.base import Evidence
from aqboard.domain.evidence.training import CostEvidence, TrainingEvidence, TrainingFacts
from aqboard.domain.plan import TrainingPlan
from aqboard.domain.session.events import ProbeOutcome
from aqboard.launch.cost import CostSummary, fine, stakes
from aqboard.launch.profile import load_profile
from tests.launch.launch_samples import machine, outcomes, plan

PLAN = plan()
FACTS = TrainingEvidence(facts=TrainingFacts(batch_size=2, train_samples=80_000))
ON_GPU = CostEvidence(device="MI250X", device_kind="cuda", batch_size=2, source="", step_s=(1.7, 1.8, 1.9))
ON_CPU = CostEvidence(device="a CPU", device_kind="cpu", batch_size=2, source="", step_s=(60.0,))


def found(*evidence: Evidence, of=PLAN, profile: str = "lumi-g", seconds: float = 90.0) -> CostSummary:
    return stakes(of, load_profile(profile), outcomes(*evidence, seconds=seconds))


def test_everything_known():
    told = found(FACTS, ON_GPU, machine(1), seconds=120)
    # 80 000 samples over 400 GPUs x 2 are 100 batches of 1.8 s: 180 s, 0.05 h, 20 GPU-hours, half of it billed.
    assert told.epoch is not None
    assert (told.epoch.hours, told.epoch.gpu_hours, told.epoch.billed) == (0.05, 20, 10)
    assert told.checks is not None
    assert told.checks.gpu_hours == pytest.approx(0.1)
    assert told.sentence == (
        "At stake: 400 GPUs: 400 GPU-hours per hour, 9 600 for the whole 24 h; billed 200 LUMI GPU-hours (one MI250X, "
        "two of Slurm's GPUs) per hour, 4 800 in all. One epoch: 20 GPU-hours in 0.05 h, billed 10 LUMI GPU-hours "
        "(one MI250X, two of Slurm's GPUs). The checks took 360 s on 1 GPU: 0.1 GPU-hours, as much as 0.9 s "
        "of the job."
    )


def test_the_plans_own_seconds_count_before_a_measurement():
    own = PLAN.model_copy(update={"training": TrainingPlan(seconds_per_step=3.6)})
    assert found(FACTS, of=own).epoch.hours == pytest.approx(0.1)
    assert found(FACTS, ON_GPU, of=own).epoch.hours == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("evidence", "why"),
    [
        ((), "does not say how many samples"),
        ((ON_GPU,), "does not say how many samples"),
        ((TrainingEvidence(facts=TrainingFacts(batch_size=2)), ON_GPU), "the training data is not here"),
        ((FACTS,), "was not measured"),
        ((FACTS, ON_CPU), "was not measured"),
    ],
    ids=["nothing", "no facts", "no samples", "no time", "a CPU's time"],
)
def test_an_epoch_that_is_not_known_is_not_guessed(evidence, why):
    told = found(*evidence)
    assert told.epoch is None
    assert told.epoch_sentence.startswith("Per epoch not known: ") and why in told.epoch_sentence


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        ((), "The checks have not run."),
        ((FACTS,), "The checks took 90 s; on how many GPUs is not known."),
        ((machine(0),), "The checks took 90 s on a machine without a GPU: 0 GPU-hours."),
        ((machine(8),), "The checks took 90 s on 8 GPUs: 0.2 GPU-hours, as much as 1.8 s of the job."),
    ],
    ids=["none", "unknown", "no GPU", "eight"],
)
def test_what_the_checks_cost(evidence, words):
    assert found(*evidence).checks_sentence == words


def test_a_bill_that_is_not_known_is_left_out():
    told = found(FACTS, ON_GPU, profile="generic")
    assert told.epoch.billed is None
    assert "how the centre bills them is not known" in told.sentence
    assert "One epoch: 20 GPU-hours in 0.05 h." in told.sentence


def test_evidence_of_another_version_counts_as_not_known():
    strange = {"training": ProbeOutcome(probe="training", status="measured", evidence={"of": "tomorrow"}, seconds=1)}
    assert stakes(PLAN, load_profile("lumi-g"), strange).epoch is None


def test_small_figures_do_not_become_zero():
    assert [fine(value) for value in (0.004, 0.5, 9.94, 10, 12345)] == ["0.004", "0.5", "9.9", "10", "12 345"]
