import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqboard.domain.errors import LaunchError
from aqboard.launch import quoting

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
FILE_TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1, max_size=30
).filter(lambda name: name not in (".", ".."))


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
    assert quoting.word(quoting.slug(value).lstrip("_") or "x")
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


@settings(max_examples=25, deadline=None)
@given(name=FILE_TEXT)
def test_sha256sum_finds_the_file_that_a_digest_line_names(tmp_path_factory, name):
    folder = tmp_path_factory.mktemp("digest")
    file = folder / name
    try:
        file.write_bytes(b"")
    except OSError:  # a name longer than the file system takes
        return
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    line = quoting.digest_line((empty, str(file)))
    checked = subprocess.run(["sha256sum", "--check", "--strict"], input=f"{line}\n".encode(), check=False)
    assert checked.returncode == 0


@pytest.mark.parametrize("value", ["", "a b", "a\n#SBATCH", "$(x)", "-n", "a;b", "é", "a'b", "a=b"])
def test_what_is_not_a_plain_word_is_refused(value):
    with pytest.raises(LaunchError, match="batch directive"):
        quoting.word(value)


@pytest.mark.parametrize("value", ["", "a", "1A", "A=B", "A\nB", "A-B"])
def test_what_is_not_a_variable_is_refused(value):
    with pytest.raises(LaunchError, match="environment variable"):
        quoting.variable(value)


def test_zero_bytes_surrogates_and_false_digests_are_refused():
    with pytest.raises(LaunchError, match="zero byte"):
        quoting.sh("a\x00b")
    with pytest.raises(LaunchError, match="not a Unicode character"):
        quoting.sh("\udc80")
    with pytest.raises(LaunchError, match="not a SHA-256"):
        quoting.digest_line(("e3b0", "/a"))
    with pytest.raises(LaunchError, match="not UTF-8"):
        quoting.digest_line(("e" * 64, "/a\udcff"))
