from aqboard.domain.job.slurm_job import JobRecord, JobStatus, Submission
from aqboard.show.jobs import guard_rows, guard_sentences, in_words, job_rows, loss_words, stop_words
from tests.sample_jobs import REASON, WHEN, curve, verdict

UID = "a" * 32


def record(state: str = "", **changes: object) -> JobRecord:
    submission = Submission(
        attempt=UID,
        job="1002",
        role="launch",
        script="/s/launch.sbatch",
        seal="5" * 64,
        log="/s/log",
        after="1001",
        submitted_at=WHEN,
        person="Ada",
        identified_by="account",
    )
    facts = {"over": False, "seen_at": WHEN, "job": "1002", **changes}
    return JobRecord(submission=submission, last=JobStatus(state=state, **facts) if state else None)


def test_a_job_is_one_row_whoever_draws_it():
    (row,) = job_rows([record().model_copy(update={"points": tuple(curve(0.356)), "verdict": verdict(UID, good=True)})])
    assert (row["what"], row["job"], row["state"], row["guard"]) == ("launch", "1002", "📨 submitted", "🛡️ guarded")
    assert row["val_loss"] == "0.3560 first, 0.3060 last"
    assert row["submitted"].endswith(" UTC by Ada (by account and password)")
    assert loss_words(record()) == ""


def test_why_a_job_waits_and_how_it_ended():
    assert in_words(record("PENDING", reason="Dependency")) == "waits for job 1001 to end well"
    assert in_words(record("PENDING", reason="New")) == "waits (New)"
    assert in_words(record("OUT_OF_MEMORY", end="x")) == "ran out of memory, at a time that Slurm does not say"
    assert in_words(record("FAILED", exit_code=42)) == f"was stopped with exit code 42: {stop_words(42)}"
    assert in_words(record("FAILED", exit_code=1)) == "failed with exit code 1; its log says more"
    assert "1001 did not end well" in in_words(record("CANCELLED"))
    assert in_words(record("CANCELLED", nodes="n1")) == "was cancelled"
    assert stop_words(99) == "exit code 99"


def test_the_guard_is_quoted_and_every_look_is_a_row():
    stopped = verdict(UID, good=False)
    assert guard_sentences(stopped) == (f"The guard stopped it: {stop_words(42)}", f"Step {stopped.step}: {REASON}")
    good = verdict(UID, good=True)
    assert guard_sentences(good) == ("As signed up to step 10", "2 looks on 400 ranks, and nothing was found.")
    first, later = guard_rows(good)
    assert (first["loss allowed"], later["loss allowed"]) == ("0.3380 to 0.3735", "up to 0.5600")
    assert (first["seconds per batch"], later["seconds per batch"]) == ("–", "0.61")
