"""Two scan caches held against each other: how far patches move per sector, and one sector's order on the grid."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from aqboard.web.figures.style import safe

IntArray = NDArray[np.int64]

MOST_BINS = 128
"""Columns of the heat map; a screen shows little more."""

SEQUENTIAL = "Viridis"
"""Even in lightness and legible to the colour-blind."""


def binned(values: NDArray[np.float64], most: int = MOST_BINS) -> NDArray[np.float64]:
    """Means over at most `most` neighbouring runs of the last axis: [S, N] to [S, min(N, most)]."""
    edges = np.linspace(0, values.shape[-1], min(values.shape[-1], most) + 1).astype(int)
    return np.add.reduceat(values, edges[:-1], axis=-1) / np.diff(edges)


def displacement_figure(before: IntArray, after: IntArray, angles_deg: Sequence[float]) -> go.Figure:
    """Rows are wind sectors, columns places in the first cache's order, colour how far patches of that place move.

    `before` and `after` are the places of each patch, int64 [S, N]. The colour is the mean distance as a share of the
    whole order, 0 to 1.
    """
    patches = before.shape[-1]
    moved = np.empty(before.shape)
    np.put_along_axis(moved, before, np.abs(after - before) / patches, axis=-1)
    shares = binned(moved)
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=np.linspace(0, 100, shares.shape[-1], endpoint=False),
            y=[sector_label(sector, angle) for sector, angle in enumerate(angles_deg)],
            colorscale=SEQUENTIAL,
            zmin=0,
            zmax=1,
            colorbar={"title": "moved by<br>(share of<br>the order)", "tickformat": ".0%"},
            hovertemplate="%{y}, at %{x:.0f} % of the order: moved by %{z:.1%}<extra></extra>",
        )
    )
    figure.update_xaxes(title_text="place in the first cache's order (%), upwind first")
    figure.update_yaxes(title_text="wind sector", autorange="reversed", type="category")
    figure.update_layout(height=130 + 22 * len(angles_deg), margin={"t": 10, "b": 10})
    return figure


def sector_label(sector: int, angle_deg: float) -> str:
    """A sector as people name it: its number and the direction its wind blows towards."""
    return f"{sector} ({angle_deg:g}°)"


def order_figure(before: IntArray, after: IntArray, grid: tuple[int, int], names: tuple[str, str]) -> go.Figure:
    """One sector's order on the patch grid in each cache: colour is the place in the order, 0 first.

    `before` and `after` are the places of each patch, int64 [N], N = rows * columns of `grid`.
    """
    titles = [safe(name) for name in names]
    figure = make_subplots(rows=1, cols=2, subplot_titles=titles, shared_yaxes=True, horizontal_spacing=0.03)
    for col, places in enumerate((before, after), 1):
        figure.add_heatmap(
            z=places.reshape(grid),
            coloraxis="coloraxis",
            hovertemplate="row %{y}, column %{x}: place %{z}<extra></extra>",
            row=1,
            col=col,
        )
    figure.update_xaxes(title_text="patch column (west to east)", constrain="domain")
    figure.update_yaxes(title_text="patch row", row=1, col=1)
    figure.update_yaxes(autorange="reversed", row=1)
    figure.update_layout(
        height=330,
        margin={"t": 40, "b": 10},
        coloraxis={"colorscale": SEQUENTIAL, "colorbar": {"title": "place in<br>the order"}},
    )
    return figure
