"""The training of a launch beside the baseline's."""

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from aqboard.domain.evidence import CurvePoint
from aqboard.domain.plan import BaselinePlan
from aqboard.web.figures.losses import LINES, Column, Scale, curve, draw_baseline
from aqboard.web.figures.style import ORANGE, PURPLE
from aqboard.web.tables.losses import UNIT

OF_THE_JOB: dict[Column, tuple[str, str]] = {
    "train_loss": ("this launch's train loss", ORANGE),
    "val_loss": ("this launch's val_loss", PURPLE),
}
"""Label and colour of each curve of the job; it is drawn with diamonds, the baseline's with circles."""


def training_figure(
    points: Sequence[CurvePoint], baseline_points: Sequence[CurvePoint], baseline: BaselinePlan, *, scale: Scale = "log"
) -> go.Figure:
    """Left: the baseline's curves over its training steps. Right: those of the launch over its own, on the same axis.

    The band runs from the baseline's loss to the largest first loss that still counts as it.
    """
    figure = make_subplots(
        cols=2,
        shared_yaxes=True,
        column_widths=[0.4, 0.6],
        horizontal_spacing=0.02,
        subplot_titles=("The baseline's training", "This launch"),
    )
    for name, label, colour, mode in LINES:
        steps, values = curve(baseline_points, name)
        figure.add_scatter(
            x=steps, y=values, name=label, mode=mode, line_color=colour, row=1, col=1, hovertemplate="%{y:.4f}"
        )
        steps, values = curve(points, name)
        mine, colour = OF_THE_JOB[name]
        figure.add_scatter(
            x=steps,
            y=values,
            name=mine,
            mode="lines+markers",
            line_color=colour,
            marker={"symbol": "diamond", "size": 7 if name == "val_loss" else 4},
            row=1,
            col=2,
            hovertemplate="%{y:.4f}",
        )
    draw_baseline(figure, baseline_points, baseline)
    figure.update_yaxes(type=scale, row=1)
    figure.update_yaxes(title_text=f"loss ({UNIT})", row=1, col=1)
    figure.update_xaxes(title_text="training step of the baseline", row=1, col=1)
    figure.update_xaxes(title_text="training step of the launch", row=1, col=2)
    figure.update_layout(height=420, margin={"t": 40, "b": 10}, legend={"orientation": "h", "y": -0.25})
    return figure
