"""Which tests share a process when the suite runs in several.

Tests that share something costly (a Slurm, a server, a training, two launches that are really checked) run in one, so
that it is made once; all others go wherever there is room. By path and not by the mark `xdist_group`, which has no
effect with pytest 9.2 and pytest-xdist 3.8.
"""

from xdist.scheduler import LoadScopeScheduling

TOGETHER = {
    "tests/slurm/": "a Slurm",
    "tests/cli/test_cli_attempts.py": "two checked launches",
    "tests/signing/test_check_and_decide.py": "two checked launches",
}
"""The start of a test's path -> what it shares."""

WHOLE_FILES = (
    "tests/cli/test_target_command.py",
    "tests/e2e/",
    "tests/examples/test_foreign.py",
    "tests/guard/test_without_a_line.py",
    "tests/probes/test_loss_attribution.py",
)
"""Where the tests of one file share something."""


class Together(LoadScopeScheduling):
    """Hands out what belongs together as one piece of work, the largest first."""

    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid)


def together(nodeid: str) -> str:
    """The piece of work that a test is part of; a name of its own for one that shares nothing."""
    if shared := next((shared for path, shared in TOGETHER.items() if nodeid.startswith(path)), None):
        return shared
    return nodeid.partition("::")[0] if nodeid.startswith(WHOLE_FILES) else nodeid
