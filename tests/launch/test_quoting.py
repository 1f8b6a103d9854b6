import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqboard.domain.errors import LaunchError
from aqboard.launch import quoting

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)


def words_in_bash(script: str) -> list[str]:
    """The words that bash makes of `script`."""
    printed = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' begin {script}"], capture_output=True, check=True, env={"LC_ALL": "C"}
    )
    return printed.stdout.decode().split("\0")[1:-1]


@settings(max_examples=80, deadline=None)
@given(st.lists(TEXT, max_size=8))
def test_bash_reads_back_exactly_the_words_that_were_quoted(values):
    assert words_in_bash(quoting.words(tuple(values))) == values


@given(TEXT)
def test_a_quoted_word_is_one_line_that_hides_nothing(value):
    assert quoting.sh(value).isprintable()


@given(st.text(max_size=80))
def test_a_comment_is_one_line_that_hides_nothing(value):
    line = quoting.comment(value)
    assert line.isprintable()
    assert line == "" or line.startswith(" ")
    line.encode()


@given(st.text(max_size=80))
def test_a_slug_is_always_a_plain_word(value):
    assert quoting.word(quoting.slug(value).lstrip("_.-") or "x")
    assert 1 <= len(quoting.slug(value)) <= 64


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("topoflow-400", "topoflow-400"),
        ("évening run", "evening-run"),
        ("$(touch x)", "touch-x"),
        ("../../etc", "etc"),
        ("--wrap=x", "wrap-x"),
        ("风", "launch"),
    ],
)
def test_slugs(name, slug):
    assert quoting.slug(name) == slug


@pytest.mark.parametrize("value", ["", "a b", "a\n#SBATCH", "$(x)", "-n", "a;b", "é", "a'b", "a=b"])
def test_what_is_not_a_plain_word_is_refused(value):
    with pytest.raises(LaunchError, match="batch directive"):
        quoting.word(value)


@pytest.mark.parametrize("value", ["", "a", "1A", "A=B", "A\nB", "A-B"])
def test_what_is_not_a_variable_is_refused(value):
    with pytest.raises(LaunchError, match="environment variable"):
        quoting.variable(value)


def test_zero_bytes_and_surrogates_are_refused():
    with pytest.raises(LaunchError, match="zero byte"):
        quoting.sh("a\x00b")
    with pytest.raises(LaunchError, match="not a Unicode character"):
        quoting.sh("\udc80")
