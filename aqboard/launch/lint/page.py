"""The rules as a table for the documentation; `docs/lint.md` holds what this gives."""

from aqboard.domain.cluster import cite
from aqboard.launch.lint.rules import RULES


def rules_table() -> str:
    """A Markdown table of all rules, made of their own texts."""
    rows = [
        f"| {rule.number} | `{rule.slug}` | {rule.level} | **{rule.title}.** {rule.why} | {cite(rule.source)} |"
        for rule in RULES
    ]
    return "\n".join(("| | rule | level | what is held, and why | source |", "|---|---|---|---|---|", *rows))
