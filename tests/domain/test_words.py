from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqboard.domain.words import lasting, moment, size


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (5000, "5,000 bytes"),
        (9999, "9,999 bytes"),
        (10_000, "10.0 kB"),
        (99_949, "99.9 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (5.7e6, "5.7 MB"),
        (1.2e12, "1.2 TB"),
        (2.5e15, "2.5 PB"),
        (7.1e18, "7,100 PB"),
    ],
)
def test_bytes_have_one_spelling(count, words):
    assert size(count) == words


@given(st.integers(10_000, 10**18))
def test_bytes_in_words_are_within_half_a_step_of_the_count(count):
    figure, unit = size(count).split()
    factor = 1000 ** (1 + ("kB", "MB", "GB", "TB", "PB").index(unit))
    assert float(figure.replace(",", "")) * factor == pytest.approx(count, rel=0.0501)


def test_a_moment_is_written_in_utc_wherever_it_was_taken():
    when = datetime(2026, 11, 28, 1, 25, 59, tzinfo=timezone(timedelta(hours=2)))
    assert moment(when) == "2026-11-27 23:25 UTC"
    assert moment(when.timestamp()) == moment(when.astimezone(UTC)) == moment(when)
    assert moment(0) == "1970-01-01 00:00 UTC"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (1.5, "1.5 s"),
        (10, "10 s"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (7200, "2 h"),
        (11_400, "3 h 10 min"),
    ],
)
def test_time_spans(seconds, words):
    assert lasting(seconds) == words
