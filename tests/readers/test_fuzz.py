"""A modest, fixed run of the fuzz target; `python -m tests.readers.fuzz 20000` is the long one."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.readers.fuzz import INTERESTING, KINDS, Edit, exercise, mutate, seeds

edits = st.builds(
    Edit,
    kind=st.sampled_from(KINDS),
    where=st.floats(0, 1, exclude_max=True),
    value=st.sampled_from(INTERESTING) | st.binary(min_size=1, max_size=16),
    span=st.integers(1, 300),
)


@pytest.mark.parametrize("name", seeds())
def test_honest_seeds_are_read_by_one_reader_at_least(tmp_path, name):
    path = tmp_path / "seed.bin"
    path.write_bytes(seeds()[name])
    assert "read" in exercise(path) or name.startswith("npz")


@settings(
    max_examples=400,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=st.sampled_from(sorted(seeds())), damage=st.lists(edits, min_size=1, max_size=4))
def test_damage_is_read_or_refused_and_nothing_else(tmp_path, name, damage):
    path = tmp_path / "mutant.bin"
    path.write_bytes(mutate(seeds()[name], damage))
    assert len(exercise(path)) == 2
