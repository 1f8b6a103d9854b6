"""What Slurm prints is understood, on recorded text."""

import contextlib
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqboard.jobs.slurm import JobState, SlurmError, expand, explain
from aqboard.jobs.slurm.jobs import Job, read_sacct, read_squeue
from aqboard.jobs.slurm.trial import read_job_id, read_trial
from aqboard.jobs.slurm.words import SILENT
from tests.slurm import recorded

WORDS = st.sampled_from(
    ("", "7", "12_1", "FAILED", "RUNNING", "CANCELLED by 0", "LEVITATING", "0", "9", "0:15", "a", "N/A")
)
LINES = st.lists(WORDS, max_size=9).map("|".join) | st.text(alphabet="0123456789|:ABC \n", max_size=60)
"""Answers of Slurm, nearly: the right number of fields now and then, with anything in them."""


def test_a_placement_names_start_processors_and_every_node():
    trial = read_trial(0, recorded.PLACED)
    assert trial.accepted
    assert trial.placement.start == datetime(2026, 11, 25, 10, 26, 52)
    assert trial.placement.processors == 224
    assert trial.placement.nodes == ("nid005000", "nid005001")
    assert trial.placement.partition == "standard-g"
    assert trial.words == (
        "Slurm would start it on 2 nodes of standard-g (224 processors), at 2026-11-25 10:26 by its present estimate."
    )


def test_no_nodes_at_all_is_no_placement():
    trial = read_trial(0, recorded.NO_NODES)
    assert not trial.accepted
    assert "no node at all" in trial.words


@pytest.mark.parametrize("printed", ["", "sbatch: all is well", recorded.PLACED.replace("[", "]")])
def test_an_answer_that_makes_no_sense_is_an_error(printed):
    with pytest.raises(SlurmError, match="its answer is not understood"):
        read_trial(0, printed)


@pytest.mark.parametrize("case", recorded.REFUSED)
def test_a_refusal_is_told_in_words(case):
    printed, words = recorded.REFUSED[case]
    trial = read_trial(1, printed)
    assert not trial.accepted
    assert trial.words == words
    assert trial.said == printed.strip()
    assert not SILENT.search(printed)


@pytest.mark.parametrize(
    ("case", "words"), [("down", "controller does not answer"), ("no configuration", "SLURM_CONF"), ("munge", "munged")]
)
def test_silence_is_told_from_a_refusal(case, words):
    assert SILENT.search(recorded.SILENT[case])
    assert words in explain(recorded.SILENT[case])


@given(st.text())
def test_whatever_is_printed_gives_words(printed):
    assert explain(printed)


def test_the_number_of_a_submitted_job():
    assert read_job_id("17\n") == "17"
    assert read_job_id("17;lumi\n") == "17"
    with pytest.raises(SlurmError, match="squeue --me"):
        read_job_id("Submitted batch job 17\n")


def test_squeue_is_read():
    failed, waits, starts, exits, later, runs = read_squeue(recorded.SQUEUE)
    assert (failed.state, failed.exit_code, failed.signal) == (JobState.FAILED, 0, 9)
    assert (waits.state, waits.reason, waits.start, waits.exit_code) == (JobState.PENDING, "Dependency", "", None)
    assert (starts.state, starts.word) == (JobState.PENDING, "CONFIGURING")
    assert (exits.state, exits.exit_code, exits.signal, exits.reason) == (JobState.FAILED, 7, None, "NonZeroExitCode")
    assert (later.state, later.reason, later.end) == (JobState.PENDING, "BeginTime", "")
    assert runs == Job(
        id="2",
        state=JobState.RUNNING,
        word="RUNNING",
        nodes="nid005001",
        time_limit="30:00",
        start="2026-11-25T12:42:19",
    )


def test_sacct_is_read_without_its_steps():
    states = {job.id: job.state for job in read_sacct(recorded.SACCT)}
    assert states == {
        "12": JobState.COMPLETED,
        "13": JobState.CANCELLED,
        "14": JobState.OUT_OF_MEMORY,
        "15": JobState.NODE_FAIL,
        "16": JobState.TIMEOUT,
    }


def test_a_state_that_nobody_knows_yet_is_not_over():
    (job,) = read_squeue("7|LEVITATING|0|nid1|30:00|N/A|N/A|None\n")
    assert (job.state, job.word, job.state.over) == (JobState.UNKNOWN, "LEVITATING", False)


@pytest.mark.parametrize("printed", ["", "\n\n", "1|2\n", "a|b|c|d|e|f|g|h\n", "7_1|RUNNING|0|||||\n"])
def test_lines_that_are_no_job_are_left_out(printed):
    assert not list(read_squeue(printed))
    assert not list(read_sacct(printed))


@given(st.lists(LINES, max_size=4).map("\n".join))
def test_whatever_is_printed_gives_jobs_that_make_sense(printed):
    for jobs in (list(read_squeue(printed)), list(read_sacct(printed))):
        assert len(jobs) <= len(printed.splitlines())
        for job in jobs:
            assert job.id.isdecimal()
            assert job.state.over or (job.exit_code, job.signal, job.end) == (None, None, "")


@pytest.mark.parametrize(
    ("names", "nodes"),
    [
        ("", ()),
        ("login1", ("login1",)),
        ("nid[005000-005002]", ("nid005000", "nid005001", "nid005002")),
        ("nid[08-10,12],gpu-a,x[1]-ib0", ("nid08", "nid09", "nid10", "nid12", "gpu-a", "x1-ib0")),
    ],
)
def test_node_lists_are_expanded(names, nodes):
    assert expand(names) == nodes


@pytest.mark.parametrize("names", ["nid[", "nid]1[", "nid[3-1]", "nid[-2]", "nid[1-999999999]", "nid[1][2]", "a[1-]"])
def test_what_is_no_node_list_is_refused(names):
    with pytest.raises(ValueError, match="nodes"):
        expand(names)


@given(st.text(alphabet="nid0123456789[]-,", max_size=30))
def test_any_text_is_expanded_or_refused(names):
    with contextlib.suppress(ValueError):
        assert all("[" not in node for node in expand(names))
