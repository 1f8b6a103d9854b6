from hypothesis import given
from hypothesis import strategies as st

from aqboard.checks.suite import SUITE
from aqboard.domain.finding import Severity, Stage, Verdict
from aqboard.domain.readiness import VerdictLine, assess
from aqboard.show.checklist import ahead, by_stage, check_title, checklist, tally
from aqboard.show.words import NOT_RUN
from tests import samples

CHECKS = tuple(check.id for check in SUITE)
findings = st.dictionaries(
    st.sampled_from(CHECKS), st.tuples(st.sampled_from(list(Verdict)), st.sampled_from(list(Severity)))
).map(
    lambda given: tuple(
        samples.finding(check, verdict, severity=severity, stage=Stage.SCAN, remedy="r")
        for check, (verdict, severity) in given.items()
    )
)


@given(findings)
def test_no_check_is_left_out_and_none_is_shown_twice(found):
    lines = checklist(CHECKS, found)
    assert [line.check for line in lines] == list(CHECKS)
    grouped = [line for _, group in by_stage(lines) for line in group]
    assert sorted(line.check for line in grouped) == sorted(CHECKS)


@given(findings)
def test_what_lies_ahead_is_what_readiness_counts_faults_first(found):
    readiness = assess(CHECKS, [VerdictLine.of(finding) for finding in found])
    todo = ahead(readiness, checklist(CHECKS, found))
    assert [line.check for line in todo.faults] == list(readiness.faults)
    assert all(line.face.word == "fail" for line in todo.faults)
    assert all(line.face.word in ("error", "skip", "not run") for line in todo.unknown)
    assert not {line.check for line in todo.warnings} & {line.check for line in (*todo.faults, *todo.unknown)}


def test_a_check_without_a_finding_is_shown_as_not_run():
    (line,) = checklist((CHECKS[0],), ())
    assert (line.face, line.title) == (NOT_RUN, check_title(CHECKS[0]))
    assert "no verdict" in line.summary and line.remedy


def test_a_check_of_another_version_is_shown_last_under_its_id():
    lines = checklist(("from.tomorrow", CHECKS[0]), ())
    stage, group = by_stage(lines)[-1]
    assert stage is None and [line.title for line in group] == ["from.tomorrow"]


def test_the_tally_names_every_verdict_there_is():
    found = tuple(samples.finding(str(i), verdict) for i, verdict in enumerate(Verdict))
    lines = checklist(tuple(str(i) for i in range(6)), found)
    assert tally(lines) == "1 pass, 1 warn, 1 fail, 1 error, 1 skip, 1 not run"
