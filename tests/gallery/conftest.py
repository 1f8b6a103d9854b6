"""The working launch that every broken one is made from."""

import pytest

from tests.gallery.running import Gallery
from tests.tiny_launch import TinyLaunch


@pytest.fixture(scope="session")
def gallery(launch: TinyLaunch) -> Gallery:
    """Made once per test process; the healthy launch is measured once."""
    return Gallery(launch)
