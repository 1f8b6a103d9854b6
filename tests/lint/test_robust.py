"""Whatever text somebody lints: an answer or one sentence, never a traceback; and only what matters matters."""

import os
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqboard.launch.profile import all_profiles
from aqboard.lint.check import EXCERPT, LONGEST, MOST, lint
from aqboard.lint.parse.source import MAX_BYTES, Unreadable, decode, read_text
from aqboard.lint.parse.tree import TooComplex, parse
from tests.lint.lint_corpus import FOLDER, SCRIPTS

PROFILES = all_profiles()
TEXTS = {script.name: read_text(script) for script in SCRIPTS}
WORDS = [
    *(
        "srun",
        "bash -c",
        "'",
        '"',
        "$(",
        ")",
        "#SBATCH --nodes=",
        "export RANK=",
        "\n",
        "\\\n",
        "<<A\n",
        "A\n",
        "if",
        "fi",
    ),
    *(
        "&&",
        "||",
        "|",
        "&",
        ";",
        "{",
        "}",
        "$X",
        "${X[@]}",
        "X=($X)",
        "f() {",
        "set -e",
        "\r\n",
        "\0",
        "time",
        "[[",
        "]]",
    ),
    *("# aqboard: ignore 1 x", "mkdir /tmp/", "--ntasks=", "9" * 30, "wait", "é", "\u202e", "case x in", "esac", "*)"),
]


def hits(text: str) -> list[tuple[int, int, str]]:
    return [(finding.line, finding.column, finding.rule) for finding in lint(text, profiles=PROFILES).findings]


@pytest.mark.parametrize("character", ["é", "\u202e", "\U0001f600", "\U0010ffff"])
def test_characters_that_the_grammar_has_no_table_for_cost_no_process(character):
    """`{1..X}` with such an X once ended the whole process, and with it the board."""
    text = f"#!/bin/bash\necho {{1..{character}}} {character}=1 ${character}\ncd /scratch/{character}\nsrun true\n"
    assert (3, 1, "errexit") in hits(text), "and what stands behind it is found where it stands"


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_text_gets_a_report(text):
    assert lint(text, profiles=PROFILES).lines >= 0


@given(st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join))
@settings(max_examples=250, deadline=None)
def test_any_heap_of_shell_gets_a_report(text):
    report = lint("#!/bin/bash\n" + text, profiles=PROFILES)
    assert all(finding.line >= 1 for finding in report.findings)


@pytest.mark.parametrize("name", TEXTS)
def test_a_damaged_script_gets_a_report(name):
    dice = random.Random(name)
    for _ in range(25):
        text = TEXTS[name]
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(text) + 1)
            cut = at + dice.choice((0, 0, 1, 5, 60))
            text = text[:at] + dice.choice((*WORDS, "")) + text[cut:]
        report = lint(text, profiles=PROFILES)
        lines = [line.removesuffix("\r") for line in text.split("\n")]
        assert report.lines == len(lines) - (lines[-1] == "")
        places = [(finding.line, finding.number, finding.column) for finding in report.findings]
        assert places == sorted(places)
        assert all(1 <= line <= len(lines) for line, _, _ in places)
        assert lint(text, profiles=PROFILES) == report, "the same text gives the same report"


@pytest.mark.parametrize("name", TEXTS)
def test_blank_lines_and_comments_only_move_the_hits(name):
    text = TEXTS[name]
    before = hits(text)
    assert hits(text.rstrip("\n") + "\n# the end\n") == before
    assert hits(text.rstrip("\n") + "\n\n\n") == before
    first, _, rest = text.partition("\n")
    moved = [(line + (line > 1), column, rule) for line, column, rule in before]
    if first.startswith("#!"):
        assert hits(f"{first}\n\n{rest}") == moved
        assert hits(f"{first}\n# a comment\n{rest}") == moved


def test_a_comment_behind_a_command_changes_nothing():
    text = TEXTS["02_lumi_typical.sh"]
    for line in ("export MASTER_PORT=29500", 'echo "finished at $(date)"', "cd /scratch/project_465000001/aq_net"):
        assert hits(text.replace(line, line + "  # why")) == hits(text)


@pytest.mark.parametrize(
    "text",
    ["$(" * 20_000, "(" * 20_000, "if true; then " * 5_000, '"$(' * 5_000, "f() { f; }\n" * 2_000 + "f\n",
     "A=$A$A\n" * 500 + "srun $A\n", "x " * 20_000, "cat <<A\n" * 2_000, "case x in a) " * 2_000],
    ids=["substitutions", "brackets", "ifs", "quotes", "recursion", "doubling", "one line", "documents", "cases"],
)  # fmt: skip
def test_text_that_nests_or_grows_is_bounded(text):
    report = lint("#!/bin/bash\n" + text, profiles=PROFILES)
    assert report.lines == 1 + len(text.splitlines())
    assert all(count <= MOST for count in Counter(finding.rule for finding in report.findings).values())
    assert all(len(finding.excerpt) <= EXCERPT and len(finding.message) <= LONGEST for finding in report.findings)


def test_a_text_that_takes_the_parser_too_long_is_refused_in_one_sentence():
    with pytest.raises(TooComplex, match=r"could not be parsed within 0\.2 s"):
        parse(b"a|" * 100_000, seconds=0.2)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "is empty"), (b" \n", "is empty"), (b"\x7fELF\0", "NUL bytes"), (b"#" * (MAX_BYTES + 1), "larger")],
    ids=["empty", "blank", "program", "large"],
)  # fmt: skip
def test_what_is_no_script_is_refused(content, words):
    with pytest.raises(Unreadable, match=words):
        decode(content, "job.sh")


def test_bytes_that_are_not_utf8_are_told_and_the_rest_is_judged(tmp_path):
    path = tmp_path / "latin.sh"
    path.write_bytes(b"# \xe9\n" + (FOLDER / "24_no_shebang.sh").read_bytes())
    report = lint(read_text(path))
    assert any("not all UTF-8" in note for note in report.notes)
    assert "line-ends" in {finding.rule for finding in report.findings}


@pytest.mark.parametrize("make", ["missing", "folder", "fifo", "nul in the name"])
def test_what_cannot_be_opened_is_refused_without_waiting(make, tmp_path):
    path = tmp_path / "job.sh"
    if make == "folder":
        path.mkdir()
    elif make == "fifo":
        os.mkfifo(path)
    elif make == "nul in the name":
        path = tmp_path / "a\0b"
    with pytest.raises(Unreadable):
        read_text(path)
