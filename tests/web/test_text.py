from hypothesis import given
from hypothesis import strategies as st

from aqboard.web.text import WORD_JOINER, cell_code, code, plain, prose, table

ASCII_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


def unescaped(markdown: str) -> str:
    """What a CommonMark reader makes of backslash escapes, without the invisible joiners."""
    text, rest = "", markdown
    while rest:
        if rest[0] == "\\":
            assert rest[1] in ASCII_PUNCTUATION
            text, rest = text + rest[1], rest[2:]
        else:
            assert rest[0] not in ASCII_PUNCTUATION, f"{rest[0]!r} would be read as markup"
            text, rest = text + rest[0], rest[1:]
    return text.replace(WORD_JOINER, "")


@given(st.text(alphabet=st.characters(exclude_categories=("Cc", "Cf", "Cs", "Z")), max_size=200))
def test_every_mark_is_escaped_and_nothing_is_lost(text):
    assert unescaped(plain(text)) == text


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",), exclude_characters="`"), max_size=200))
def test_prose_without_a_code_span_is_plain(text):
    assert prose(text) == plain(text)


def test_what_prose_quotes_becomes_code_and_the_rest_stays_plain():
    assert prose("Type `aqboard demo` *first*.") == r"Type `aqboard demo` \*first\*\."
    assert prose("`a|b` and `c") == r"`a|b` and \`c"
    assert prose("``") == r"\`\`"


def test_lines_become_one_so_that_no_block_can_start():
    assert plain("a\n# b\n\n- c") == r"a \# b \- c"


def test_marks_that_disguise_a_text_are_made_visible():
    assert plain("gpj.\u202eexe") == "gpj\\.\N{REPLACEMENT CHARACTER}exe"
    assert plain("a\x00b\x1b") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"


def test_a_long_text_is_cut_and_says_so():
    assert plain("x" * 300, most=10) == "x" * 9 + "…"


@given(st.text(alphabet="`a |\\", min_size=1, max_size=20).filter(str.strip))
def test_no_run_of_backticks_inside_closes_the_code_span(text):
    span = code(text)
    fence = span[: len(span) - len(span.lstrip("`"))]
    inside = span[len(fence) : -len(fence)]
    assert span.endswith(fence)
    assert fence not in inside.strip(" ").split(" ") and f"`{fence}" not in inside
    assert inside.strip() == " ".join(text.split())


def test_a_bar_does_not_end_a_cell():
    row = table(("a", "b"), [(cell_code("x | y"), plain("p | q"))]).splitlines()[-1]
    assert row == r"| `x \| y` | p \| q |"
