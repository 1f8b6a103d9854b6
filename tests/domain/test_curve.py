import math

from hypothesis import given
from hypothesis import strategies as st

from aqboard.domain.curve import FEWEST, thinned


@given(st.lists(st.floats(allow_nan=True), max_size=400), st.integers(0, 60))
def test_thinning_keeps_both_ends_and_the_extremes(values, most):
    keep = thinned(values, most)
    assert keep == sorted(set(keep)) and len(keep) <= max(most, FEWEST)
    if len(values) <= max(most, FEWEST):
        assert keep == list(range(len(values)))
        return
    assert keep[0] == 0 and keep[-1] == len(values) - 1
    kept, finite = [values[i] for i in keep], [value for value in values if math.isfinite(value)]
    if len(finite) == len(values):
        assert (min(kept), max(kept)) == (min(values), max(values))
    else:
        assert not all(map(math.isfinite, kept)), "a curve that blew up must still show it"


def test_a_value_that_is_no_number_is_kept_as_a_peak():
    values = [1.0] * 1000
    values[617] = math.nan
    assert 617 in thinned(values, 10)
