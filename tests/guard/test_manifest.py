"""The manifest's bytes are its identity: one way to write it, and nothing in it that cannot be verified."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aqboard.domain.evidence.checkpoint import LoadEvidence
from aqboard.domain.evidence.loss import LossEvidence, LossMeasurement
from aqboard.domain.job.manifest import Approver, LaunchManifest, LossBand, Subset, withdrawn_marker
from aqboard.domain.model import canonical
from aqboard.domain.signing.signoff import Decision, SignOff
from aqboard.guard.build import build_manifest, loss_band
from aqboard.guard.manifest import read_manifest
from tests import samples
from tests.guard.manifests import manifest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def test_reading_back_gives_the_same_text_and_digest(tmp_path: Path) -> None:
    made = manifest(tmp_path)
    again = LaunchManifest.model_validate_json(made.text)
    assert again == made
    assert (again.text, again.sha256) == (made.text, made.sha256)


@given(JSON)
def test_canonical_text_does_not_depend_on_the_order_of_keys(value: Any) -> None:
    def turned(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: turned(part[key]) for key in reversed(part)}
        return [turned(item) for item in part] if isinstance(part, list) else part

    assert canonical(turned(value)) == canonical(value)


@pytest.mark.parametrize(
    "change",
    [
        {"seal": "6" * 64},
        {"number": 4},
        {"facts": {"scan_rule": "none"}},
        {"kill_file": Path("/elsewhere/STOP")},
        {"band": None},
    ],
)
def test_any_change_gives_another_digest(tmp_path: Path, change: dict[str, Any]) -> None:
    assert manifest(tmp_path, **change).sha256 != manifest(tmp_path).sha256


@pytest.mark.parametrize("path", ["relative/STOP", "/with\nline", "/with\udcff"])
def test_a_path_that_a_job_could_not_use_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValidationError, match=r"absolute path|control characters"):
        manifest(tmp_path, kill_file=Path(path))


def test_a_manifest_from_before_approvals_had_an_end_is_read_as_it_was_written(tmp_path: Path) -> None:
    old = manifest(tmp_path)
    assert '"until"' not in old.text
    assert LaunchManifest.model_validate_json(old.text).until is None
    made = manifest(tmp_path, until=samples.WHEN)
    assert LaunchManifest.model_validate_json(made.text).until == samples.WHEN


def test_a_manifest_with_letters_as_they_were_written_before_is_known_by_its_own_bytes(tmp_path: Path) -> None:
    go = Approver(person="Søren Grünwald", identified_by="none", created_at=samples.WHEN)
    made = manifest(tmp_path, approvals=(go,))
    assert made.text.isascii()
    content = json.dumps(json.loads(made.text), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    path = tmp_path / "manifest.json"
    path.write_bytes(content)
    assert read_manifest(path, hashlib.sha256(content).hexdigest()) == made


def test_a_plan_with_a_folder_that_is_not_utf_8_has_a_digest(tmp_path: Path) -> None:
    plan = samples.plan()
    plan = plan.model_copy(update={"data": plan.data.model_copy(update={"directory": Path("/data/\udcff")})})
    attempt = samples.attempt(plan=plan, inputs=())
    go = SignOff(attempt=attempt.uid, person="Ada", decision=Decision.GO, seal="5" * 64, created_at=samples.WHEN)
    made = build_manifest(attempt, 7, [go], tmp_path, samples.WHEN)
    assert len(made.plan_sha256) == 64


def test_a_band_that_the_signed_start_is_outside_of_is_refused() -> None:
    with pytest.raises(ValidationError, match="the job would stop itself"):
        LossBand(subset=Subset(batches=(1,)), measured=0.5, baseline=0.4, limit=0.42, low=0.3)


def test_the_marker_lies_beside_the_manifest() -> None:
    assert withdrawn_marker(Path("/runs/3/manifest.json")) == Path("/runs/3/manifest.json.withdrawn")


def losses(mean: float) -> LossEvidence:
    def measurement(setting: str, loss: float) -> LossMeasurement:
        return LossMeasurement(setting=setting, per_batch=(loss, loss), samples=(2, 1))

    return LossEvidence(planned=measurement("as planned", mean), random_init=measurement("random", 3.0))


def test_the_band_is_the_one_that_loss_first_judged() -> None:
    band = loss_band(samples.plan(baseline={"val_loss": 0.36, "tolerance": 0.05}), losses(0.35))
    assert band is not None
    assert band.subset.batches == (2, 1)
    assert band.measured == pytest.approx(0.35)
    assert 0.378 <= band.limit < 0.3785
    assert band.low == pytest.approx(0.3325)


def test_no_band_where_the_signed_loss_lies_above_the_limit_and_was_waived() -> None:
    assert loss_band(samples.plan(), losses(0.9)) is None
    assert loss_band(samples.plan(), None) is None


def test_built_from_an_attempt_and_its_sign_offs(tmp_path: Path) -> None:
    attempt = samples.attempt()
    attempt = attempt.model_copy(
        update={"inputs": tuple(file.model_copy(update={"sha256": "1" * 64}) for file in attempt.inputs)}
    )
    go = SignOff(attempt=attempt.uid, person="Ada", decision=Decision.GO, seal="5" * 64, created_at=samples.WHEN)
    facts = {"scan_rule": "strip-sector", "scan_layout": "corrected"}
    load = LoadEvidence.model_construct(facts=facts)
    made = build_manifest(attempt, 7, [go], tmp_path, samples.WHEN, loss=losses(0.35), load=load)
    assert (made.number, made.seal, made.job.tasks) == (7, "5" * 64, 400)
    assert made.facts == facts
    assert made.verdict_file == tmp_path / "guard_verdict.json"
    assert [approval.person for approval in made.approvals] == ["Ada"]
