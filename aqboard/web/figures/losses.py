"""The baseline's loss curves with the attempt's first losses beside them, and the loss per candidate cache."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from aqboard.checks.loss_first import drawn_band
from aqboard.domain.evidence import CurvePoint
from aqboard.domain.plan import BaselinePlan
from aqboard.web.figures.style import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, safe
from aqboard.web.tables.losses import UNIT, LossRow

Scale = Literal["linear", "log"]
Column = Literal["train_loss", "val_loss"]
Curve = tuple[list[int], list[float]]

LINES: tuple[tuple[Column, str, str, str], ...] = (
    ("train_loss", "baseline train loss", GREY, "lines"),
    ("val_loss", "baseline val_loss", BLUE, "lines+markers"),
)
"""Logged column, label, colour and mode of each curve."""

MOST_POINTS = 2000
"""Points per curve that reach the browser; a screen shows fewer."""

SIGNS: dict[str, tuple[str, str]] = {
    "as planned": ("diamond", ORANGE),
    "keys mapped": ("square", PURPLE),
    "as trained": ("circle", GREEN),
    "random init": ("x", RED),
    "persistence": ("cross", GREY),
}
"""Sign and colour of each first loss; the sign tells them apart without the colour."""


def curve(points: Sequence[CurvePoint], name: Column) -> Curve:
    """Steps and values of one logged column, thinned to at most `MOST_POINTS`; rows without it are left out."""
    rows = [(point.step, value) for point in points if (value := getattr(point, name)) is not None]
    steps, values = [step for step, _ in rows], [value for _, value in rows]
    keep = thinned(values, MOST_POINTS)
    return [steps[i] for i in keep], [values[i] for i in keep]


def thinned(values: Sequence[float], most: int) -> list[int]:
    """Indices of at most `most` values that keep the shape: both ends, and each bucket's lowest and highest.

    Values that are not finite count as highest, so that a curve that blew up still shows it.
    """
    if len(values) <= most:
        return list(range(len(values)))
    filled = np.nan_to_num(np.asarray(values, dtype=float), nan=np.inf, posinf=np.inf, neginf=-np.inf)
    edges = np.linspace(1, len(values) - 1, (most - 2) // 2 + 1).astype(int)
    keep = {0, len(values) - 1}
    for start, stop in pairwise(edges):
        bucket = filled[start:stop]
        keep |= {int(start + bucket.argmin()), int(start + bucket.argmax())}
    return sorted(keep)


def loss_figure(
    points: Sequence[CurvePoint], first: Sequence[LossRow], baseline: BaselinePlan, *, scale: Scale
) -> go.Figure:
    """Left: the baseline's curves over training steps. Right: the attempt's first losses, on the same axis.

    The band runs from the baseline's loss to the largest first loss that still counts as it; the bars are 95 %
    intervals over batches.
    """
    figure = make_subplots(
        cols=2,
        shared_yaxes=True,
        column_widths=[0.6, 0.4],
        horizontal_spacing=0.02,
        subplot_titles=("The baseline's training", "This attempt's first val_loss"),
    )
    for name, label, colour, mode in LINES:
        steps, values = curve(points, name)
        if steps:
            figure.add_scatter(
                x=steps, y=values, name=label, mode=mode, line_color=colour, row=1, col=1, hovertemplate="%{y:.4f}"
            )
    for row in first:
        symbol, colour = SIGNS[row.label]
        figure.add_scatter(
            x=[row.label.replace(" ", "<br>")],
            y=[row.mean],
            error_y=_bar(row),
            name=row.label,
            mode="markers+text",
            marker={"symbol": symbol, "size": 13, "color": colour},
            text=[f"{row.mean:.4f}"],
            textposition="middle right",
            showlegend=False,
            cliponaxis=False,
            hovertemplate=f"{row.label}: %{{y:.4f}}<extra></extra>",
            row=1,
            col=2,
        )
    draw_baseline(figure, points, baseline)
    figure.update_yaxes(type=scale, row=1)
    figure.update_yaxes(title_text=f"loss ({UNIT})", row=1, col=1)
    if scale == "linear":
        figure.update_yaxes(rangemode="tozero", row=1)
    figure.update_xaxes(title_text="training step", row=1, col=1)
    # Room on the right for the last figure's text.
    figure.update_xaxes(range=[-0.5, len(first) - 0.2], type="category", tickangle=0, row=1, col=2)
    figure.update_layout(height=460, margin={"t": 40, "b": 10}, legend={"orientation": "h", "y": -0.2})
    return figure


def draw_baseline(figure: go.Figure, points: Sequence[CurvePoint], baseline: BaselinePlan) -> None:
    """The band from the baseline's loss to the largest first loss that still counts as it, over all columns."""
    allowed = drawn_band(baseline)
    figure.add_hrect(
        y0=allowed.baseline, y1=allowed.limit, fillcolor=GREEN, opacity=0.25, line_width=0, row=1, col="all"
    )
    figure.add_scatter(
        x=_ends(points),
        y=[allowed.baseline] * 2,
        name=f"baseline {allowed.baseline:.4f}, limit {allowed.limit:.4f}",
        mode="lines",
        line={"color": GREEN, "dash": "dot"},
        hoverinfo="skip",
        row=1,
        col=1,
    )


def _bar(row: LossRow) -> dict[str, Any] | None:
    """The row's confidence interval as an error bar around its mean."""
    if row.interval is None:
        return None
    above, below = row.interval.high - row.mean, row.mean - row.interval.low
    return {"type": "data", "symmetric": False, "array": [max(0.0, above)], "arrayminus": [max(0.0, below)]}


def _ends(points: Sequence[CurvePoint]) -> list[int]:
    """First and last step; 0 and 1 where there is no curve."""
    steps = [point.step for point in points]
    return [min(steps), max(steps)] if steps else [0, 1]


def candidate_figure(rows: Sequence[LossRow], baseline: BaselinePlan, scale: Sequence[LossRow] = ()) -> go.Figure:
    """One line per candidate cache: each batch as a dot, their mean as a diamond, the baseline's band behind.

    `scale` are losses that say what good and bad look like, drawn as lines; the axis is logarithmic with them.
    """
    figure = go.Figure()
    names = [f"{number}. {safe(row.label)}" for number, row in enumerate(rows, 1)]
    figure.add_scatter(
        x=[value for row in rows for value in row.per_batch],
        y=[name for name, row in zip(names, rows, strict=True) for _ in row.per_batch],
        mode="markers",
        name="one batch",
        marker={"color": GREY, "size": 7, "symbol": "circle-open"},
        hovertemplate="%{x:.4f}<extra>one batch</extra>",
    )
    figure.add_scatter(
        x=[row.mean for row in rows],
        y=names,
        mode="markers+text",
        name="mean",
        marker={"color": BLUE, "size": 13, "symbol": "diamond"},
        text=[f"{row.mean:.4f}" for row in rows],
        textposition="top center",
        hovertemplate="%{x:.4f}<extra>mean</extra>",
    )
    allowed = drawn_band(baseline)
    figure.add_vrect(x0=allowed.baseline, x1=allowed.limit, fillcolor=GREEN, opacity=0.25, line_width=0, layer="below")
    for row in scale:
        _, colour = SIGNS[row.label]
        figure.add_scatter(
            x=[row.mean] * 2,
            y=[names[0], names[-1]],
            mode="lines",
            name=f"{row.label} {row.mean:.4f}",
            line={"color": colour, "dash": "dash"},
            hoverinfo="skip",
        )
    figure.update_xaxes(
        title_text=f"loss ({UNIT})", type="log" if scale else "linear", rangemode="normal" if scale else "tozero"
    )
    figure.update_yaxes(autorange="reversed", type="category", automargin=True)
    figure.update_layout(
        height=150 + 60 * len(rows), margin={"t": 10, "b": 10}, legend={"orientation": "h", "y": -0.22}
    )
    return figure
