"""On honest data the symbolic machine and pickle say the same, in every protocol; so do the tensor views and torch."""

import collections
import io
import pickle

import numpy as np
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aqboard.readers.checkpoints.checkpoint import read_checkpoint
from aqboard.readers.limits import Budget
from aqboard.readers.pickles.constructors import CONSTRUCTORS
from aqboard.readers.pickles.machine import Machine
from aqboard.readers.pickles.opcodes import OPERATIONS
from aqboard.readers.pickles.vocabulary import Vocabulary

PROTOCOLS = st.integers(0, 5)
keys = st.text(max_size=5) | st.integers(-(1 << 62), 1 << 62) | st.booleans() | st.none() | st.binary(max_size=5)
leaves = (
    keys
    | st.floats(allow_nan=False)
    | st.integers(-(1 << 300), 1 << 300)
    | st.text(st.characters(codec="utf-8"), max_size=300)
    | st.complex_numbers(allow_nan=False)
    | st.sets(keys, max_size=4)
    | st.frozensets(keys, max_size=4)
    | st.binary(max_size=300).map(bytearray)
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner)
        | st.tuples(inner, inner)
        | st.tuples(inner, inner, inner, inner)
        | st.dictionaries(keys, inner, max_size=4)
        | st.dictionaries(keys, inner, max_size=4).map(collections.OrderedDict)
    ),
    max_leaves=12,
)


def read(content):
    machine = Machine(content, Vocabulary("strict", CONSTRUCTORS), Budget())
    value = machine.run(OPERATIONS)
    assert machine.position == len(content)
    return value


@settings(max_examples=300, deadline=None)
@given(value=values, protocol=PROTOCOLS)
def test_plain_values_come_back_as_pickle_reads_them(value, protocol):
    content = pickle.dumps(value, protocol)
    assert read(content) == pickle.loads(content)


@given(value=values, protocol=PROTOCOLS)
def test_python_and_c_picklers_are_read_alike(value, protocol):
    stream = io.BytesIO()
    pickle._Pickler(stream, protocol).dump(value)
    assert read(stream.getvalue()) == pickle.loads(stream.getvalue())


@given(
    protocol=PROTOCOLS,
    shape=st.lists(st.integers(0, 4), max_size=4),
    kind=st.sampled_from(["i1", "u2", "<i4", ">i8", "f4", "<f8", "c8", "?"]),
)
def test_numpy_arrays_in_every_protocol_and_order(protocol, shape, kind):
    for order in "CF":
        array = np.asarray(np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(kind), order=order)
        found = read(pickle.dumps(array, protocol)).array()
        assert found.shape == array.shape
        np.testing.assert_array_equal(found, array)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shape=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    dtype=st.sampled_from([torch.float32, torch.float64, torch.half, torch.bfloat16, torch.int64, torch.bool]),
    turned=st.booleans(),
    start=st.integers(0, 3),
    zipped=st.booleans(),
)
def test_tensor_views_of_any_kind_are_those_of_torch(tmp_path, shape, dtype, turned, start, zipped):
    whole = torch.arange(start + int(np.prod(shape))) % 7
    view = whole.to(dtype)[start:].reshape(shape)
    view = view.transpose(0, -1) if turned else view
    path = tmp_path / "x.pt"
    torch.save({"w": view, "again": view, "part": view[:1]}, path, _use_new_zipfile_serialization=zipped)
    with read_checkpoint(path) as checkpoint:
        for key, expected in {"w": view, "again": view, "part": view[:1]}.items():
            wide = expected.float() if dtype is torch.bfloat16 else expected
            np.testing.assert_array_equal(checkpoint.tensor(key), wide.numpy())
