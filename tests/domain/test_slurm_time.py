import pytest

from aqboard.domain.job.slurm_time import hours, in_words


@pytest.mark.parametrize(
    ("time", "expected"),
    [("1-12:00:00", 36), ("00:30:00", 0.5), ("99:59:59", 100 - 1 / 3600), ("0-00:00:36", 0.01), ("2-00:00:36", 48.01),
     ("1:30:00", 1.5), ("90", 1.5), ("90:30", 1.5 + 30 / 3600), ("24", 0.4), ("1-12", 36), ("1-12:30", 36.5),
     ("1-1:1:1", 25 + 61 / 3600)],
)  # fmt: skip
def test_a_time_in_each_of_slurms_forms_has_its_hours(time, expected):
    assert hours(time) == pytest.approx(expected)


@pytest.mark.parametrize("time", ["", "x", "1h", "1-", "-1", "1:2:3:4", "1-1:2:3:4", " 1:00:00", "1-12:00:00\n", "٢٤"])
def test_other_texts_are_refused(time):
    with pytest.raises(ValueError, match="is not a Slurm time"):
        hours(time)


def test_a_time_in_words():
    assert in_words("2-00:00:00") == "48 h"
