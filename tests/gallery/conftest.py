"""The working launch that every broken one is made from."""

from collections.abc import Iterator

import pytest
import torch

from tests.gallery.running import Gallery
from tests.tiny_launch import TinyLaunch


@pytest.fixture(scope="session")
def gallery(launch: TinyLaunch) -> Gallery:
    """Made once per test process; the healthy launch is measured once."""
    return Gallery(launch)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Tensors this small gain nothing from threads, and test processes that share the cores lose by them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
