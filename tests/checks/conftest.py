"""A healthy launch for tests of checks."""

import pytest

from tests import sample_attempts
from tests.checks.judging import Healthy


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Healthy:
    folder = tmp_path_factory.mktemp("healthy")
    sample_attempts.write_files(folder)
    plan = sample_attempts.sample_plan(folder)
    return plan, {evidence.kind: evidence for evidence in sample_attempts.fixed_evidence(plan)}
