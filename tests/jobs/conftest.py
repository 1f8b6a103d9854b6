"""The same database as the tests of the sessions have: stub probes, and input files beside it."""

from tests.sessions.conftest import store, stubs

__all__ = ["store", "stubs"]
