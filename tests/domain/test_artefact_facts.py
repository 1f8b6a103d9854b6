"""What the facts about artefacts conclude, above all from nothing."""

import pytest

from aqboard.domain.cache import CacheGroup, CacheGroups, FileDigest
from aqboard.domain.checkpoint import CheckpointDiff, HealthReport, TensorHealth, TensorSpec
from aqboard.domain.hunt import CacheHunt, Reference, WalkReport
from aqboard.domain.words import printable
from aqboard.readers.align.match import align_keys


def test_two_checkpoints_with_nothing_in_common_are_not_the_same():
    nothing = {"changed": (), "only_a": (), "only_b": (), "settings": ()}
    assert not CheckpointDiff(a="a", b="b", equal=0, **nothing).same_tensors
    assert CheckpointDiff(a="a", b="b", equal=1, **nothing).same_tensors


def test_a_model_without_tensors_is_not_completely_matched():
    spec = {"w": TensorSpec(shape=(2,), dtype="float32")}
    assert not align_keys(spec, {}).complete
    assert not align_keys({}, {}).complete
    assert align_keys(spec, spec).complete


def test_infinite_values_are_a_fault_zeros_are_not():
    def tensor(key, **counts):
        fields = {"nan": 0, "inf": 0, "zero_share": 1.0, "minimum": 0.0, "maximum": 0.0, "constant": True, **counts}
        return TensorHealth(key=key, numel=4, **fields)

    report = HealthReport(tensors=(tensor("zeros"), tensor("nan", nan=1), tensor("inf", inf=1)))
    assert [found.key for found in report.faulty] == ["nan", "inf"]


@pytest.mark.parametrize(("content", "matching"), [("abc", ("abc",)), ("xyz", ()), (None, ())])
def test_a_hunt_matches_by_content_only(content, matching):
    group = CacheGroup(content="abc", paths=("x",), md5s=("m",), equals_generator=True, valid=True)
    hunt = CacheHunt(
        walk=WalkReport(roots=("r",), folders=1, files=1, candidates=("x",)),
        groups=CacheGroups(groups=(group,), facts=()),
        not_caches=0,
        checkpoint=Reference(path="c", content=content, when=0.0),
    )
    assert hunt.matching == matching


@pytest.mark.parametrize(
    ("name", "shown"), [("é.pkl", "é.pkl"), ("a\x1b[31m.pkl", "a\ufffd[31m.pkl"), ("\udcff.pkl", "\ufffd.pkl")]
)
def test_names_that_a_terminal_would_obey_are_made_harmless(name, shown):
    assert printable(name) == shown
    digest = FileDigest(path=name, size=1, mtime=0.0, md5="", sha256="")
    assert FileDigest.model_validate_json(digest.model_dump_json()).path == shown
