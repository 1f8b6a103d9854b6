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
