"""What a job's guard wrote is stored with the job; what is refused is said, and never passes for nothing written."""

from pathlib import Path

import pytest

from aqboard.domain.identity import Identity
from aqboard.domain.job.manifest import LaunchManifest
from aqboard.guard.verdict import Recorder
from aqboard.jobs.follow import refresh
from aqboard.jobs.slurm import JobState
from aqboard.jobs.submit import submit
from aqboard.store import Store
from aqboard.store.jobs import Jobs
from tests.jobs.launched import attempt, go
from tests.told_slurm import Told

ADA = Identity(person="Ada")


@pytest.fixture
def slurm() -> Told:
    return Told()


@pytest.fixture
def launched(store: Store, slurm: Told) -> tuple[int, LaunchManifest]:
    """The number of an attempt whose job 1 runs, and the manifest that the job reads."""
    number = attempt(store)
    script = go(store, number)
    submit(store, number, slurm, person=ADA)
    slurm.states["1"] = JobState.RUNNING
    return number, LaunchManifest.model_validate_json((script.parent / "manifest.json").read_bytes())


def look(store: Store, number: int, slurm: Told) -> tuple[list[str | None], tuple[str, ...]]:
    """(state of the verdict that is stored with each job, newest first; notes)."""
    followed = refresh(store, store.attempt(number), slurm)
    notes = tuple(note for note in followed.notes if "verdict" in note)
    return [job.verdict.state if job.verdict else None for job in followed.jobs], notes


def guard(manifest: LaunchManifest, job: str) -> Recorder:
    return Recorder(manifest, 400, {"SLURM_JOB_ID": job})


def test_the_guards_word_is_stored_as_it_changes(store, slurm, launched):
    number, manifest = launched
    assert look(store, number, slurm) == ([None], ())
    guard(manifest, "1").goes_on()
    assert look(store, number, slurm) == (["running"], ())
    guard(manifest, "1").finished(100)
    slurm.states["1"] = JobState.COMPLETED
    assert look(store, number, slurm) == (["finished"], ())


def test_before_a_job_runs_nothing_of_it_is_read(store, slurm, launched):
    number, manifest = launched
    slurm.states["1"] = JobState.PENDING
    guard(manifest, "1").goes_on()
    assert look(store, number, slurm) == ([None], ())


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.COMPLETED])
def test_another_launchs_verdict_behind_a_link_is_said_each_time(store, slurm, launched, tmp_path: Path, state):
    number, manifest = launched
    elsewhere = tmp_path / "elsewhere.json"
    other = manifest.model_copy(update={"attempt": "ee" * 16, "verdict_file": elsewhere})
    guard(other, "1").finished(100)
    slurm.states["1"] = state
    manifest.verdict_file.symlink_to(elsewhere)
    for _ in range(2):  # also once the job was seen to be over
        told, (note,) = look(store, number, slurm)
        assert told == [None]
        assert note.startswith(
            f"The guard's verdict on job 1 is refused: {manifest.verdict_file} cannot be read (a link"
        )
    manifest.verdict_file.unlink()
    elsewhere.rename(manifest.verdict_file)
    told, (note,) = look(store, number, slurm)
    assert told == [None]
    assert "speaks of attempt eeee" in note
    guard(manifest, "1").finished(100)
    assert look(store, number, slurm) == (["finished"], ()), "what appears late is taken all the same"


def test_a_refused_verdict_leaves_what_was_stored(store, slurm, launched):
    number, manifest = launched
    guard(manifest, "1").goes_on()
    look(store, number, slurm)
    manifest.verdict_file.write_text("{")
    told, (note,) = look(store, number, slurm)
    assert told == ["running"]
    assert "is not a guard's verdict" in note
    slurm.states["1"] = JobState.FAILED
    look(store, number, slurm)
    assert look(store, number, slurm) == (["running"], ()), "a job that is over and has its verdict is not read again"


def test_the_verdict_of_the_job_before_is_not_the_new_ones(store, slurm, launched):
    number, manifest = launched
    guard(manifest, "1").finished(100)
    slurm.states["1"] = JobState.COMPLETED
    look(store, number, slurm)
    submit(store, number, slurm, person=ADA)
    slurm.states["2"] = JobState.RUNNING
    assert look(store, number, slurm) == ([None, "finished"], ())
    guard(manifest, "2").goes_on()
    assert look(store, number, slurm) == (["running", "finished"], ())
    assert [record.submission.job for record in Jobs(store).of(manifest.attempt)] == ["2", "1"]
