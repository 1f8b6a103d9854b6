from aqboard.checks.check import Check
from aqboard.checks.judge import judge_all, judge_one
from aqboard.domain.evidence.loss import CurveEvidence, CurvePoint
from aqboard.domain.finding import Judgement, Severity, Stage, Verdict, passed
from aqboard.domain.plan import LaunchPlan
from aqboard.domain.session.events import ProbeOutcome
from tests import samples

CURVE = CurveEvidence(points=(CurvePoint(step=1, val_loss=0.5),))
MEASURED = ProbeOutcome(probe="curve", status="measured", evidence=CURVE.model_dump(mode="json"))


def last_val_loss(plan: LaunchPlan, curve: CurveEvidence) -> Judgement:
    return passed(f"{curve.points[-1].val_loss}")


def breaks(plan: LaunchPlan, curve: CurveEvidence) -> Judgement:
    raise ZeroDivisionError("nothing to divide by")


def check(judge: object) -> Check:
    return Check("test.curve", "A curve", Stage.LOSS, Severity.BLOCKS, (CurveEvidence,), judge)  # type: ignore[arg-type]


def test_a_judge_gets_its_evidence() -> None:
    finding = judge_one(check(last_val_loss), samples.plan(), {"curve": MEASURED})
    assert (finding.verdict, finding.summary, finding.evidence) == (Verdict.PASS, "0.5", ("curve",))


def test_a_judge_that_breaks_is_an_error_with_its_traceback() -> None:
    finding = judge_one(check(breaks), samples.plan(), {"curve": MEASURED})
    assert finding.verdict is Verdict.ERROR
    assert "ZeroDivisionError: nothing to divide by" in finding.summary
    assert "Traceback" in finding.detail


def test_without_evidence_nothing_passes() -> None:
    outcomes = [
        (None, Verdict.ERROR, "did not report"),
        (ProbeOutcome(probe="curve", status="unavailable", message="no log"), Verdict.SKIP, "no log"),
        (ProbeOutcome(probe="curve", status="broke", message="torn file", detail="tb"), Verdict.ERROR, "torn file"),
        (ProbeOutcome(probe="curve", status="measured", evidence=None), Verdict.ERROR, "no evidence"),
        (ProbeOutcome(probe="curve", status="measured", evidence={"points": "x"}), Verdict.ERROR, "check itself broke"),
    ]
    for outcome, verdict, said in outcomes:
        finding = judge_one(check(last_val_loss), samples.plan(), {"curve": outcome} if outcome else {})
        assert finding.verdict is verdict
        assert said in finding.summary
        assert finding.remedy


def test_every_check_gets_one_finding_in_order() -> None:
    suite = (check(breaks), check(last_val_loss))
    verdicts = [finding.verdict for finding in judge_all(suite, samples.plan(), {"curve": MEASURED})]
    assert verdicts == [Verdict.ERROR, Verdict.PASS]
