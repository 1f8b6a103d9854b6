"""Rules on what sbatch reads: the directives, and the file itself."""

import re
from collections.abc import Iterator

from aqboard.lint.parse.model import Script
from aqboard.lint.rules.rule import SBATCH, Hit, Level, Rule, RuleContext


def directives(script: Script, _: RuleContext) -> Iterator[Hit]:
    """Does sbatch read every directive, as it is meant?"""
    for directive in script.directives:
        variable = re.search(r"\$(\w+|\{[^}]*\}?|\()", directive.value)
        if variable:
            yield Hit(
                directive.line,
                f"sbatch reads this line, not bash: `{variable[0]}` stays as it is written.",
                f"Write the value itself in line {directive.line}, or give it when you submit: "
                f"sbatch --{directive.option}=VALUE",
                directive.text.find(variable[0]) + 1,
            )
    for comment in script.unread:
        after = comment.column == 1
        why = "it comes after the first command" if after else "it does not begin in the first column"
        yield Hit(
            comment.line,
            f"sbatch does not read this directive: {why}.",
            f"Move line {comment.line} up to the other directives, above the first command."
            if after
            else f"Remove the blanks in front of #SBATCH in line {comment.line}.",
            comment.column,
        )


DIRECTIVES = Rule(
    18,
    "directives",
    "sbatch reads every directive",
    Level.ERROR,
    "sbatch reads #SBATCH lines itself, without a shell, up to the first command. A variable in one is plain "
    "text, and one further down is a comment: the job runs with other settings than the script shows.",
    SBATCH,
    directives,
)


def line_ends(script: Script, _: RuleContext) -> Iterator[Hit]:
    """Is it a script at all to sbatch?"""
    if script.carriage_returns:
        count = len(script.carriage_returns)
        yield Hit(
            script.carriage_returns[0],
            f"{count} {'line ends' if count == 1 else 'lines end'} in CR LF, as on Windows; sbatch refuses the script.",
            "Convert the file: sed -i 's/\\r$//' FILE",
        )
    first = script.lines[0]
    if not first.startswith("#!"):
        what = "a byte-order mark comes before it" if first.startswith("\ufeff#!") else "there is none"
        yield Hit(
            1,
            f"The first line is not a `#!` line ({what}); sbatch refuses the script.",
            "Make this the first line: #!/bin/bash",
        )
    elif not re.match(r"#!\s*/\S", first):
        yield Hit(
            1, "The `#!` line does not name a program by its whole path.", "Make this the first line: #!/bin/bash"
        )


LINE_ENDS = Rule(
    20,
    "line-ends",
    "The file is a Unix script with a #! line",
    Level.ERROR,
    "sbatch refuses a script with DOS line breaks or without a `#!` line; an editor on another system adds the first.",
    SBATCH,
    line_ends,
    whole=True,
)
