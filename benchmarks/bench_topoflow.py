"""The reference model at real size on the CPU: the literal way against the fast one.

`python -m benchmarks.bench_topoflow [--quick]` prints a markdown table; `run` gives its rows.
"""

import dataclasses
import statistics
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from aqboard_reference.topoflow.attention import biased_attention
from aqboard_reference.topoflow.config import ModelConfig
from aqboard_reference.topoflow.embed import patchify
from aqboard_reference.topoflow.evaluate import losses_per_cache
from aqboard_reference.topoflow.lightning_module import Batch, TopoFlowModule
from aqboard_reference.topoflow.normalisation import Normalisation, VariableStatistics
from aqboard_reference.topoflow.scan import take_in_order
from torch import Tensor

from aqboard.readers.caches.scan_cache import build_scan_cache, projections, sector_angles
from benchmarks.floor import forward_flop
from benchmarks.timing import Row, Timing, command, seconds, side_by_side
from tests.reference import plain_model, plain_scan

THREADS = 2


@dataclass(frozen=True)
class Bar:
    """What a row must reach: the ratio, and the extra memory of the fast way in MB."""

    ratio: float | None = None
    extra_mb: float | None = None

    def row(self, what: str, timings: tuple[Timing, Timing]) -> Row:
        """The row with its verdict."""
        row = Row(what, *timings)
        met = self.ratio is None or row.ratio >= self.ratio
        told = [f">= {self.ratio:g}x"] if self.ratio else []
        if self.extra_mb is not None:
            told.append(f"<= {self.extra_mb:g} MB")
            met = met and (row.fast.extra_mb or 0.0) <= self.extra_mb
        return Row(what, row.plain, row.fast, ", ".join(told), met if told else None)


class Bench:
    """One real-size model with its inputs, shared by all rows."""

    def __init__(self, *, quick: bool) -> None:
        torch.manual_seed(0)
        self.repeats, self.heavy = (2, 1) if quick else (5, 3)
        self.config = ModelConfig(elevation_bias=True, elevation_alpha=1.0)
        statistics = {name: VariableStatistics(mean=0.0, std=1.0) for name in self.config.variables}
        statistics["elevation"] = VariableStatistics(mean=400.0, std=700.0)
        self.normalisation = Normalisation(variables=statistics)
        self.module = TopoFlowModule(self.config, self.normalisation).eval()
        self.model = self.module.model
        self.state = self.model.state_dict()
        self.x = 3 * torch.randn(2, 15, self.config.img_h, self.config.img_w)
        self.lead_times = torch.tensor([12.0, 48.0])

    def rows(self) -> list[Row]:
        """All rows, small work first."""
        steps: tuple[Callable[[], list[Row]], ...] = (
            self.tables, self.index, self.reorder, self.aggregation, self.attention, self.forward, self.candidates,
        )  # fmt: skip
        with torch.no_grad():
            return [row for step in steps for row in step()]

    def tables(self) -> list[Row]:
        """The regional table of all 1024 regions and 16 sectors; then the whole cache."""
        config, angles = self.config, sector_angles(16)
        rows, cols = config.grid_h // config.regions_h, config.grid_w // config.regions_w

        def plain() -> object:
            return [
                [torch.tensor(plain_scan.local_order(float(angle), config)) for angle in angles]
                for _ in range(config.regions_h * config.regions_w)
            ]

        def fast() -> object:
            along = projections(config.grid_h, config.grid_w, angles, rows=rows, cols=cols)
            table = np.argsort(along, axis=1, kind="stable")
            return np.broadcast_to(table, (config.regions_h * config.regions_w, *table.shape)).copy()

        def plain_cache() -> object:
            along = projections(config.grid_h, config.grid_w, angles)
            return [torch.tensor(line).argsort(stable=True) for line in along], plain()

        def fast_cache() -> object:
            return build_scan_cache(config.grid_h, config.grid_w)

        few = {"repeats": self.repeats}
        return [
            Bar(ratio=500).row("scan table, 1024 regions x 16 sectors", side_by_side(plain, fast, **few)),
            Bar().row("whole scan cache, global orders too", side_by_side(plain_cache, fast_cache, **few)),
        ]

    def index(self) -> list[Row]:
        """Wind of two samples to their token orders, one row per rule that has regions."""
        rows = []
        for rule in ("strip-sector", "strip-angle", "block-sector", "block-angle"):
            module = TopoFlowModule(self.config.model_copy(update={"scan_rule": rule, "depth": 1}), self.normalisation)
            scanner = module.model.scanner
            u, v = self.x[:, 0], self.x[:, 1]

            def plain(u: Tensor = u, v: Tensor = v, scanner=scanner) -> object:  # type: ignore[no-untyped-def]
                return plain_scan.plain_orders(u, v, scanner.config, scanner.cache)

            def fast(u: Tensor = u, v: Tensor = v, scanner=scanner) -> object:  # type: ignore[no-untyped-def]
                return scanner.order(u, v, validate=False)

            timings = side_by_side(plain, fast, repeats=max(3, self.repeats))
            rows.append(Bar(ratio=300).row(f"index from wind, {rule}, B=2", timings))
        return rows

    def reorder(self) -> list[Row]:
        """Bring two samples into scan order: tokens of 15 variables, or pixels before they are tokens."""
        order = self._order()
        tokens = torch.randn(2, 15, self.config.num_patches, self.config.embed_dim)
        patches = patchify(self.x, self.config.patch)

        def plain() -> object:
            return torch.stack([tokens[b][:, order[b]] for b in range(2)])

        def fast() -> object:
            return take_in_order(patches.flatten(2), order)

        return [Bar(30, 60).row("reorder, B=2", side_by_side(plain, fast, repeats=self.repeats))]

    def aggregation(self) -> list[Row]:
        """Two samples from pixels to one token per patch; then the same with the reordering between."""
        climax, order, heads = self.model.climax, self._order(), self.config.heads

        def plain(order: Tensor | None = None) -> object:
            tokens = plain_model.plain_tokens(self.state, self.x, self.config.patch)
            if order is not None:
                tokens = torch.stack([tokens[b][:, order[b]] for b in range(2)])
            named = tokens + self.state["climax.var_embed"].unsqueeze(2)
            return plain_model.plain_aggregation(self.state, named, heads)

        def fast(order: Tensor | None = None) -> object:
            return climax.aggregate(patchify(self.x, self.config.patch, order))

        alone = side_by_side(plain, fast, repeats=self.repeats, plain_repeats=2)
        both = side_by_side(lambda: plain(order), lambda: fast(order), repeats=self.repeats, plain_repeats=2)
        return [
            Bar(25, 120).row("tokenise and aggregate, B=2", alone),
            Bar(30, 60).row("tokenise, reorder and aggregate, B=2", both),
        ]

    def attention(self) -> list[Row]:
        """Biased attention, 8192 tokens, 8 heads: against every score formed, then against the floor without bias."""
        dim, heads = self.config.embed_dim, self.config.heads
        queries, keys, values = torch.randn(3, 1, heads, self.config.num_patches, dim // heads)
        elevation = self.model.patch_elevation(self.x[:1])
        attention = self.model.climax.blocks[0].attn
        assert elevation is not None

        def plain() -> object:
            scores = queries @ keys.transpose(-2, -1) / (dim // heads) ** 0.5
            bias = plain_model.plain_bias(elevation, attention.elevation_alpha, attention.H_scale)
            return (scores + bias.unsqueeze(1)).softmax(-1) @ values

        def fast() -> object:
            return biased_attention(queries, keys, values, elevation, attention.elevation_alpha, attention.H_scale)

        def floor() -> object:
            return F.scaled_dot_product_attention(queries, keys, values)

        formed = side_by_side(plain, fast, repeats=self.repeats, plain_repeats=2)
        without = side_by_side(floor, fast, repeats=self.repeats)
        return [
            Bar(5, 120).row("biased attention / every score formed, B=1", formed),
            Bar(1 / 1.6).row("biased attention / SDPA without bias, B=1", without),
        ]

    def forward(self) -> list[Row]:
        """The whole model, one sample."""
        x, lead = self.x[:1], self.lead_times[:1]

        def orders(u: Tensor, v: Tensor) -> Tensor:
            return plain_scan.plain_orders(u, v, self.config, self.model.scanner.cache)

        def plain() -> object:
            return plain_model.plain_forward(self.state, self.config, self.normalisation, orders, x, lead, fused=True)

        def fast() -> object:
            return self.model(x, lead)

        def low() -> object:
            with torch.autocast("cpu", torch.bfloat16):
                return self.model(x, lead)

        whole = side_by_side(plain, fast, repeats=self.heavy)
        rate, work = self._flop_per_s(), forward_flop(self.config, 1)
        least = f"its {work / 1e12:.2f} TFLOP alone, at the {rate / 1e9:.0f} GFLOP/s of a large matrix product here"
        return [
            Bar(1.8, 500).row("full forward, B=1", whole),
            Bar().row(f"full forward, B=1 / {least}", (whole[0], Timing((work / rate,)))),
            Bar().row("the fast forward in float32 / in bf16", side_by_side(fast, low, repeats=self.heavy)),
        ]

    def candidates(self) -> list[Row]:
        """Losses under four candidate caches, as the first-loss probe measures them, against four times one cache.

        Batches of one sample. The plan's own cache is measured first, as one cache alone would be; what the others add
        is timed behind it, on the same batch.
        """
        own = self.model.scanner.cache
        others = [
            dataclasses.replace(own, regional_orders=np.roll(own.regional_orders, shift, axis=1)) for shift in (2, 4, 6)
        ]
        count = 2 if self.heavy == 1 else 4
        batches = [
            Batch(3 * torch.randn_like(self.x[:1]), torch.randn(1, 6, *self.x.shape[2:]), self.lead_times[:1])
            for _ in range(count)
        ]
        alone: list[float] = []
        more: dict[int, list[float]] = {3: [], 1: []}
        for batch in batches:
            known: list[float] = []
            alone.append(seconds(lambda batch=batch, known=known: known.append(float(self.module.loss(batch)))))  # type: ignore[misc]
            for k, taken in more.items():
                taken.append(
                    seconds(
                        lambda batch=batch, known=known, k=k: losses_per_cache(  # type: ignore[misc]
                            self.module, [batch], others[:k], own=known
                        )
                    )
                )
        four = Timing(tuple(4 * one for one in alone))
        rows = []
        for k, what in ((3, "4 different caches"), (1, "4 files, two and two of the same content")):
            together = Timing(tuple(one + rest for one, rest in zip(alone, more[k], strict=True)))
            # Batch by batch: what is timed seconds apart was slowed alike.
            costs = statistics.median(each / one for each, one in zip(together.seconds, alone, strict=True))
            name = f"loss of a batch, B=1, {what}: {costs:.2f} times one cache; 4 times one / together"
            rows.append(Bar(ratio=1).row(name, (four, together)))
        return rows

    def _flop_per_s(self) -> float:
        """Floating-point operations per second of a large float32 matrix product on this machine, the best of five."""
        side = 4096
        left, right = torch.randn(2, side, side)
        return 2 * side**3 / min(seconds(lambda: left @ right) for _ in range(5))

    def _order(self) -> Tensor:
        order = self.model.token_order(self.x)
        assert order is not None
        return order


def run(quick: bool = False) -> list[Row]:
    """All rows at real size, a few minutes on two cores; `quick` repeats less."""
    torch.set_num_threads(THREADS)
    return Bench(quick=quick).rows()


if __name__ == "__main__":
    command(run, __doc__, f", torch {torch.__version__}, {THREADS} threads, float32")
