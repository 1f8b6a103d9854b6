"""Arcs of the wind's angle: the same row as looking for the nearest sector, the same order as sorting."""

import math

import pytest
import torch
from aqboard_reference.topoflow.arcs import MOST_ARCS, angle_arcs, sector_arcs
from hypothesis import assume, given, settings
from hypothesis import strategies as st

angles = st.floats(-math.pi, math.pi)


def row_at(arcs, angle):
    angle = torch.as_tensor(angle, dtype=torch.float64)
    return arcs.rows[torch.bucketize(angle, arcs.starts, right=True)]


def sorted_by_projection(rows, cols, row_step, col_step, wind):
    along = [j * col_step * wind[0] - i * row_step * wind[1] for i in range(rows) for j in range(cols)]
    return sorted(range(rows * cols), key=lambda patch: along[patch])


@settings(max_examples=200, deadline=None)
@given(sectors=st.lists(st.floats(-7, 7), min_size=1, max_size=20), angle=angles)
def test_the_nearest_sector_of_any_angles_in_any_order(sectors, angle):
    def away(centre):
        return abs((angle - centre + math.pi) % (2 * math.pi) - math.pi)

    near = sorted(range(len(sectors)), key=lambda sector: away(sectors[sector]))
    assume(len(near) == 1 or away(sectors[near[1]]) - away(sectors[near[0]]) > 1e-9)
    assert row_at(sector_arcs(sectors), angle) == near[0]


shapes = st.tuples(st.integers(1, 4), st.integers(1, 4)).filter(lambda shape: angle_arcs(*shape, 1.0, 1.0) is not None)


@settings(max_examples=200, deadline=None)
@given(shape=shapes, steps=st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)), angle=angles)
def test_the_order_of_the_arc_is_the_sorted_one(shape, steps, angle):
    found = angle_arcs(*shape, *steps)
    assert found is not None
    arcs, orders = found
    assume(all(abs(angle - float(start)) > 1e-9 for start in arcs.starts))
    expected = sorted_by_projection(*shape, *steps, (math.cos(angle), math.sin(angle)))
    assert orders[row_at(arcs, angle)].tolist() == expected


@pytest.mark.parametrize("shape", [(2, 4), (4, 2), (1, 5), (5, 1), (3, 4), (1, 1)])
@pytest.mark.parametrize("wind", [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0), (-1.0, -0.0), (1.0, -0.0)])
def test_square_to_a_row_or_column_equal_projections_keep_their_order(shape, wind):
    found = angle_arcs(*shape, 2 / 63, 2 / 127)
    assert found is not None
    arcs, orders = found
    expected = sorted_by_projection(*shape, 2 / 63, 2 / 127, wind)
    assert orders[row_at(arcs, math.atan2(wind[1], wind[0]))].tolist() == expected


def test_a_region_of_two_by_four_has_sixteen_orders_all_different():
    arcs, orders = angle_arcs(2, 4, 2 / 63, 2 / 127) or (None, None)
    assert arcs is not None
    assert len({tuple(order) for order in orders.tolist()}) == len(arcs.starts) == 16


def test_large_regions_have_too_many_orders_to_list():
    assert angle_arcs(8, 8, 0.1, 0.1) is None
    found = angle_arcs(1, 100, 0.1, 0.1)
    assert found is not None and len(found[1]) == 2 <= MOST_ARCS
