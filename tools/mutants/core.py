"""What is measured: the modules that judge and decide who may sign, and the tests that must hold each of them.

The one place to change when a module moves. Tests that start processes are left out: a mutant is tried in seconds.
"""

from collections.abc import Sequence
from pathlib import Path

CORE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("aqboard/domain/readiness.py", ("tests/domain",)),
    ("aqboard/domain/signing/clearance.py", ("tests/domain",)),
    ("aqboard/domain/plan/policy.py", ("tests/domain",)),
    ("aqboard/domain/signing/case.py", ("tests/domain",)),
    ("aqboard/domain/signing/signoff.py", ("tests/domain",)),
    ("aqboard/domain/signing/waiver.py", ("tests/domain",)),
    ("aqboard/domain/signing/seats.py", ("tests/domain",)),
    ("aqboard/domain/baseline.py", ("tests/domain",)),
    ("aqboard/checks/*.py", ("tests/checks",)),
    ("aqboard/guard/judge.py", ("tests/guard/test_judge.py",)),
    ("aqboard/store/audit_verify.py", ("tests/store/test_audit.py", "tests/store/test_audit_jobs.py")),
    ("aqboard/lint/check.py", ("tests/lint",)),
    ("aqboard/lint/waivers.py", ("tests/lint",)),
    ("aqboard/lint/rules/*.py", ("tests/lint",)),
)
"""Patterns of modules, and the folders or files of their tests."""

GOAL = 0.9
"""Share of a module's mutants that its tests must notice."""


def modules(only: Sequence[str] = ()) -> dict[tuple[str, ...], list[Path]]:
    """The modules of the core, or those that match a pattern of `only`, by the tests that they share."""
    found: dict[tuple[str, ...], list[Path]] = {}
    for pattern, tests in CORE:
        for path in sorted(Path().glob(pattern)):
            if not only or any(path.match(wanted) for wanted in only):
                found.setdefault(tests, []).append(path)
    return found
