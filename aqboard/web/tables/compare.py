"""What differs between attempts: plans, verdicts, input files. Pure functions over stored attempts."""

from collections.abc import Sequence

from pydantic import JsonValue

from aqboard.store import StoredAttempt
from aqboard.web.words import check_title, verdict_face

ABSENT = "(absent)"

Row = dict[str, str]


def column(stored: StoredAttempt) -> str:
    """The heading of one attempt's column; the number comes first and makes it unique."""
    return f"{stored.number} · {stored.attempt.name}"


def plan_differences(attempts: Sequence[StoredAttempt], *, only_different: bool = True) -> list[Row]:
    """One row per key of the plans, dotted, in the plan's order."""
    flat = [flattened(stored.attempt.plan.model_dump(mode="json")) for stored in attempts]
    return _rows("key in the plan", attempts, flat, only_different)


def finding_differences(attempts: Sequence[StoredAttempt], *, only_different: bool = True) -> list[Row]:
    """One row per check: sign, word and summary. The figures in a summary count as a difference."""
    said = [
        {check: str(verdict_face(None)) for check in stored.attempt.checks}
        | {finding.check: f"{verdict_face(finding.verdict)}: {finding.summary}" for finding in stored.findings}
        for stored in attempts
    ]
    titled = [{check_title(check): words for check, words in lines.items()} for lines in said]
    return _rows("check", attempts, titled, only_different)


def input_differences(attempts: Sequence[StoredAttempt], *, only_different: bool = True) -> list[Row]:
    """One row per input file: the head of its SHA-256, and its name."""
    files = [
        {file.key: f"{file.sha256[:12]} ({file.path.name})" for file in stored.attempt.inputs} for stored in attempts
    ]
    return _rows("input file", attempts, files, only_different)


def flattened(value: JsonValue, prefix: str = "") -> dict[str, str]:
    """Nested keys joined by dots, list items by their index; leaves as text."""
    if isinstance(value, dict) and value:
        items = [(f"{prefix}.{key}" if prefix else key, item) for key, item in value.items()]
    elif isinstance(value, list) and value:
        items = [(f"{prefix}[{index}]", item) for index, item in enumerate(value)]
    else:
        return {prefix: _leaf(value)}
    flat: dict[str, str] = {}
    for key, item in items:
        flat |= flattened(item, key)
    return flat


def _leaf(value: JsonValue) -> str:
    if value is None or value == [] or value == {}:
        return ABSENT
    return str(value)


def _rows(
    name: str, attempts: Sequence[StoredAttempt], values: Sequence[dict[str, str]], only_different: bool
) -> list[Row]:
    keys = list(dict.fromkeys(key for one in values for key in one))
    rows = []
    for key in keys:
        cells = [one.get(key, ABSENT) for one in values]
        if only_different and len(set(cells)) == 1:
            continue
        rows.append({name: key} | dict(zip(map(column, attempts), cells, strict=True)))
    return rows
