"""A checkpoint that cannot be read is a fault of the launch, told in words that say what to do."""

import pytest

from tests.checks.judging import FAIL, Healthy, judge


@pytest.mark.parametrize(
    ("size", "refused", "message", "remedy"),
    [
        (
            130,
            "wrong-format",
            "a.ckpt: It is a Git LFS pointer, not the file itself; run `git lfs pull`.",
            "git lfs pull",
        ),
        (9_000, "truncated", "a.ckpt: The file ends early.", "Copy the file again"),
        (9_000, "unsafe-global", "a.ckpt: It calls os.system.", "before you know who wrote it"),
        (9_000, "no-tensors", "a.ckpt: It holds no tensors to load.", "the right file?"),
    ],
)
def test_a_refused_file_fails_with_its_own_remedy(
    healthy: Healthy, size: int, refused: str, message: str, remedy: str
) -> None:
    changes = {"size": size, "refused": refused, "message": message, "integrity": None, "tensors": 0}
    found = judge("checkpoint.intact", healthy, changes)
    assert found.verdict is FAIL
    assert message in found.summary
    assert remedy in found.remedy


POINTER = "a.ckpt: It is a Git LFS pointer, not the file itself."


@pytest.mark.parametrize(
    ("size", "message", "pull"),
    [(1023, POINTER, True), (1024, POINTER, False), (130, "a.ckpt: It is text.", False)],
)
def test_only_a_small_file_that_reads_like_a_pointer_is_to_be_pulled(
    healthy: Healthy, size: int, message: str, pull: bool
) -> None:
    changes = {"size": size, "refused": "wrong-format", "message": message, "integrity": None}
    assert ("git lfs pull" in judge("checkpoint.intact", healthy, changes).remedy) == pull


@pytest.mark.parametrize("changes", [{"refused": "truncated", "message": "short"}, {"integrity": None}])
def test_a_file_without_a_report_of_its_records_never_passes(healthy: Healthy, changes: dict[str, object]) -> None:
    found = judge("checkpoint.intact", healthy, changes)
    assert (found.verdict, [figure.name for figure in found.measurements]) == (FAIL, ["size"])
