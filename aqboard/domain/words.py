"""How bytes, moments and time spans are written, everywhere the same: in findings, tables, scripts and messages."""

from datetime import UTC, datetime

EXACT_BELOW = 10_000
"""Bytes up to here are written in full: single bytes tell small files apart."""

UNITS = ("kB", "MB", "GB", "TB", "PB")
"""Powers of 1000, as disks and quotas are sold."""


def size(count: float) -> str:
    """Bytes as people read them: `1 byte`, `5,000 bytes`, `12.5 kB`, `333 MB`, `1.2 TB`."""
    if count < EXACT_BELOW:
        return "1 byte" if count == 1 else f"{count:,.0f} bytes"
    value, power = count / 1000, 0
    while value >= 999.5 and power < len(UNITS) - 1:
        value, power = value / 1000, power + 1
    return f"{value:,.0f} {UNITS[power]}" if value >= 99.95 else f"{value:.1f} {UNITS[power]}"


def moment(when: datetime | float) -> str:
    """Date and minute in UTC: `2026-11-28 10:25 UTC`. `when` is aware, or seconds since 1970 as file dates are."""
    known = when.astimezone(UTC) if isinstance(when, datetime) else datetime.fromtimestamp(when, UTC)
    return f"{known:%Y-%m-%d %H:%M} UTC"


def lasting(seconds: float) -> str:
    """A time span: `1.5 s`, `2 min 5 s`, `3 h 10 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_rest = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_rest} min" if minutes_rest else f"{hours} h"
    if minutes:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{rest} s"
