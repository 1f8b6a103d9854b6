"""How figures and lists are written in findings."""

import pytest

from aqboard.checks.words import loss, percent, shape, some


@pytest.mark.parametrize(
    ("items", "most", "text"),
    [
        ([], 3, ""),
        (["a"], 3, "a"),
        (["a", "b", "c"], 3, "a, b, c"),
        (["a", "b", "c", "d"], 3, "a, b, c and 1 more"),
        (["a", "b", "c", "d", "e"], 2, "a, b and 3 more"),
    ],
)
def test_a_long_list_is_cut_and_says_how_much_is_missing(items: list[str], most: int, text: str) -> None:
    assert some(items, most) == text


def test_three_are_named_where_nobody_asks_for_more() -> None:
    assert some(["a", "b", "c", "d"]) == "a, b, c and 1 more"


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0.0 %"), (0.3104, "31.0 %"), (0.9996, "99.9 %"), (1, "100.0 %"), (1.2, "120.0 %"), (1.0001, "100.0 %")],
)
def test_a_share_is_never_rounded_up_to_all(share: float, text: str) -> None:
    assert percent(share) == text


def test_shapes_and_losses() -> None:
    assert (shape((2, 15, 128)), shape(()), loss(0.35571)) == ("[2, 15, 128]", "[]", "0.3557")
