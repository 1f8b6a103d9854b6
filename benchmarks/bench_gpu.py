"""The reference model at real size on a GPU, against the floor that its arithmetic and its memory traffic set.

`python -m benchmarks.bench_gpu [--quick]` measures and writes docs/benchmarks_gpu.md; without a GPU it says so and
writes nothing. The ceilings are measured in the same run: a large matrix product and a large copy.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from aqboard_reference.topoflow.attention import biased_attention
from aqboard_reference.topoflow.config import ModelConfig
from aqboard_reference.topoflow.flex import flex_biased_attention
from aqboard_reference.topoflow.lightning_module import TopoFlowModule
from aqboard_reference.topoflow.normalisation import Normalisation, VariableStatistics
from torch import Tensor

from benchmarks.floor import forward_flop, forward_traffic
from benchmarks.timing import duration

DOCUMENT = Path(__file__).parent.parent / "docs" / "benchmarks_gpu.md"
BATCH = 2
BAR = 2.0
"""The forward pass may take this many times the floor."""

HEAD = """# Benchmarks on a GPU

Written by `python -m benchmarks.bench_gpu`. The floor of a forward pass is the larger of two times: its arithmetic at
the rate of a large matrix product, and its least memory traffic (every block fused as far as its matrix products and
its attention allow) at the rate of a large copy; both rates are measured in this run.
"""


@dataclass(frozen=True)
class Ceiling:
    """What the GPU reaches at best in one precision."""

    flop_per_s: float
    bytes_per_s: float

    def floor_s(self, flop: float, traffic: float) -> float:
        """The least time for this arithmetic and this memory traffic, seconds."""
        return max(flop / self.flop_per_s, traffic / self.bytes_per_s)


def seconds(work: Callable[[], object], repeats: int) -> list[float]:
    """Wall-clock seconds of each repetition, the GPU waited for, after two to warm up."""
    taken = []
    for turn in range(repeats + 2):
        torch.cuda.synchronize()
        began = time.perf_counter()
        work()
        torch.cuda.synchronize()
        if turn >= 2:
            taken.append(time.perf_counter() - began)
    return taken


def ceiling(dtype: torch.dtype, repeats: int) -> Ceiling:
    """The rates of a product of two 8192 x 8192 matrices, and of copying a gigabyte."""
    a, b = torch.randn(2, 8192, 8192, device="cuda", dtype=dtype)
    big = torch.empty(2**30, device="cuda", dtype=torch.uint8)
    other = torch.empty_like(big)
    product = statistics.median(seconds(lambda: a @ b, repeats))
    copy = statistics.median(seconds(lambda: other.copy_(big), repeats))
    return Ceiling(2 * 8192**3 / product, 2 * 2**30 / copy)


def forward_rows(repeats: int) -> list[str]:
    """The whole model in float32, with TF32 products, and in bfloat16."""
    config = ModelConfig(elevation_bias=True, elevation_alpha=1.0)
    statistics_of = {name: VariableStatistics(mean=0.0, std=1.0) for name in config.variables}
    statistics_of["elevation"] = VariableStatistics(mean=400.0, std=700.0)
    model = TopoFlowModule(config, Normalisation(variables=statistics_of)).eval().model.cuda()
    x = 3 * torch.randn(BATCH, len(config.variables), config.img_h, config.img_w, device="cuda")
    lead = torch.tensor([12.0, 48.0], device="cuda")
    parameters = sum(parameter.numel() for parameter in model.parameters())
    rows = []
    for name, dtype, products, width in (
        ("float32", torch.float32, "highest", 4),
        ("TF32 products", torch.float32, "high", 4),
        ("bfloat16 by autocast", torch.bfloat16, "high", 2),
    ):
        torch.set_float32_matmul_precision(products)
        best = ceiling(dtype, repeats)

        def run(low: bool = dtype == torch.bfloat16) -> Tensor:
            with torch.autocast("cuda", torch.bfloat16, enabled=low):
                return model(x, lead)

        torch.cuda.reset_peak_memory_stats()
        taken = seconds(run, repeats)
        median = statistics.median(taken)
        flop, traffic = forward_flop(config, BATCH), forward_traffic(config, BATCH, parameters, width)
        floor = best.floor_s(flop, traffic)
        rows.append(
            f"| full forward, B={BATCH}, {name} | {duration(median)} | {(max(taken) - min(taken)) / median:.0%} "
            f"| {flop / median / 1e12:.1f} of {best.flop_per_s / 1e12:.1f} TFLOP/s "
            f"| {traffic / median / 1e12:.2f} of {best.bytes_per_s / 1e12:.2f} TB/s "
            f"| {torch.cuda.max_memory_allocated() / 1e6:.0f} MB | {median / floor:.2f}x the floor "
            f"| {'yes' if median <= BAR * floor else '**no**'} |"
        )
    return rows


def attention_rows(repeats: int) -> list[str]:
    """The biased attention by chunks and by FlexAttention, in bfloat16: which one a GPU should use."""
    config = ModelConfig()
    heads, length = config.heads, config.num_patches
    q, k, v = torch.randn(3, BATCH, heads, length, config.embed_dim // heads, device="cuda", dtype=torch.bfloat16)
    elevation = 3000 * torch.rand(BATCH, length, device="cuda")
    rest = elevation, torch.tensor(1.0, device="cuda"), torch.tensor(1000.0, device="cuda")
    compiled = torch.compile(flex_biased_attention, dynamic=False)
    flop = 4 * BATCH * length**2 * config.embed_dim
    rows = []
    for name, work in (
        ("SDPA without bias", lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v)),
        ("SDPA in chunks with the bias", lambda: biased_attention(q, k, v, *rest)),
        ("FlexAttention with the bias, compiled", lambda: compiled(q, k, v, *rest)),
    ):
        taken = statistics.median(seconds(work, repeats))
        rows.append(f"| {name}, B={BATCH} | {duration(taken)} | {flop / taken / 1e12:.1f} TFLOP/s |")
    return rows


def main() -> int:
    """Measure and write the document; without a GPU only say so."""
    parser = argparse.ArgumentParser(prog="benchmarks.bench_gpu", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="repeat less, and print without writing the document")
    quick = parser.parse_args().quick
    if not torch.cuda.is_available():
        print("Skipped: there is no GPU on this machine that torch can use.", file=sys.stderr)
        return 0
    repeats = 5 if quick else 20
    torch.manual_seed(0)
    with torch.no_grad():
        text = "\n".join(
            [
                HEAD,
                f"{torch.cuda.get_device_name()}, torch {torch.__version__}\n",
                "| work | median | spread | arithmetic | traffic | peak memory | against the floor | <= 2x |",
                "|---|---|---|---|---|---|---|---|",
                *forward_rows(repeats),
                "\n| attention at real size, bfloat16 | median | arithmetic |",
                "|---|---|---|",
                *attention_rows(repeats),
                "",
            ]
        )
    print(text)
    if not quick:
        DOCUMENT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
