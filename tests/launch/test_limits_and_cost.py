import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqboard.domain.job.slurm_time import hours, in_words
from aqboard.launch.cost import cost_of, number
from aqboard.launch.limits import misfits
from aqboard.launch.profile import load_profile
from tests.launch.launch_samples import cluster

LUMI = load_profile("lumi-g")


def test_the_storys_job_fits():
    assert misfits(cluster(), LUMI) == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"partition": "gpu"},
            "Partition gpu is not one of lumi-g's GPU partitions; choose one of: standard-g,",
        ),
        ({"nodes": 1025}, "1025 nodes are more than standard-g allows for one job (1024)"),
        ({"partition": "dev-g", "time": "03:00:00"}, "50 nodes are more than dev-g allows for one job (32)"),
        ({"time": "2-00:00:01"}, "48 h are more than standard-g allows (48 h)"),
        ({"time": "72:00:00"}, "72 h are more than standard-g allows (48 h)"),
        ({"gpus_per_node": 4}, "gpus_per_node is 4, but a node of lumi-g has 8"),
        ({"time": "00:00:00"}, "Time 00:00:00 means no limit at all to Slurm"),
        ({"job_name": "interactive"}, "makes Lightning believe it runs in an interactive shell"),
        ({"job_name": "(bash)"}, "The job name '(bash)' makes Lightning believe"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_told_in_one_sentence(changes, words):
    (told,) = misfits(cluster(**changes), LUMI)
    assert told.startswith(words) or words in told
    assert told.endswith(".")


def test_several_misfits_are_all_told():
    assert len(misfits(cluster(partition="small-g", nodes=5, time="3-00:00:01", gpus_per_node=4), LUMI)) == 3


def test_what_a_profile_does_not_know_is_not_judged():
    anything = cluster(partition="nobody-knows", nodes=10_000, gpus_per_node=3, time="99-00:00:00")
    assert misfits(anything, load_profile("generic")) == ()


@given(st.integers(1, 2000), st.integers(0, 60), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_exactly_the_limits_fit_and_one_more_does_not(nodes, days, whole, minutes, seconds):
    job = cluster(nodes=nodes, time=f"{days}-{whole:02}:{minutes:02}:{seconds:02}")
    total = ((days * 24 + whole) * 60 + minutes) * 60 + seconds
    expected = (nodes > 1024) + (total > 48 * 3600) + (total == 0)
    assert len(misfits(job, LUMI)) == expected


@pytest.mark.parametrize(
    ("time", "expected"), [("1-12:00:00", 36), ("00:30:00", 0.5), ("99:59:59", 100 - 1 / 3600), ("0-00:00:36", 0.01)]
)
def test_hours(time, expected):
    assert hours(time) == pytest.approx(expected)


@pytest.mark.parametrize("time", ["", "24", "1-12", "1-1:1:1", "x", "1-12:00:00\n"])
def test_other_times_are_refused(time):
    with pytest.raises(ValueError, match="is not a Slurm time"):
        hours(time)


def test_cost_of_the_storys_job():
    cost = cost_of(cluster(), LUMI)
    assert (cost.gpus, cost.hours, cost.gpu_hours) == (400, 24, 9600)
    assert (cost.billed_per_hour, cost.billed) == (200, 4800)
    assert cost.sentence.startswith("400 GPUs: 400 GPU-hours per hour, 9 600 for the whole 24 h; billed 200 LUMI")
    assert cost.sentence.endswith(" per hour, 4 800 in all.")


def test_an_unknown_bill_is_said_to_be_unknown():
    cost = cost_of(cluster(time="00:30:00"), load_profile("generic"))
    assert cost.billed is None
    assert (
        cost.sentence
        == "400 GPUs: 400 GPU-hours per hour, 200 for the whole 0.5 h; how the centre bills them is not known."
    )


def test_figures_are_written_to_be_read():
    assert [number(value) for value in (0.5, 4, 1234567, 1999.96)] == ["0.5", "4", "1 234 567", "2 000"]
    assert in_words("2-00:00:00") == "48 h"
