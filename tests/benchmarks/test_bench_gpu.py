"""What the GPU benchmark counts, held against torch's own counter; and that it skips visibly without a GPU."""

import subprocess
import sys

import pytest
import torch
from aqboard_reference.topoflow.climax import Climax
from aqboard_reference.topoflow.config import ModelConfig
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.bench_gpu import Ceiling, forward_flop, forward_traffic


@pytest.mark.parametrize("batch", [1, 2])
def test_the_arithmetic_is_what_torch_counts(batch):
    config = ModelConfig(img_h=64, img_w=64, embed_dim=64, depth=2)
    climax = Climax(config).eval()
    # torch counts no CPU attention but the literal one.
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        climax(torch.zeros(batch, 15, 64, 64), torch.zeros(batch), None, None)
    assert counter.get_total_flops() == pytest.approx(forward_flop(config, batch), rel=0.02)


def test_two_samples_at_real_size_take_3_9_tflop_and_less_than_the_unfused_traffic():
    config = ModelConfig()
    assert forward_flop(config, 2) == pytest.approx(3.9e12, rel=0.02)
    one, two = (forward_traffic(config, batch, 52_481_340, 2) for batch in (1, 2))
    assert two - one == 2 * 8192 * 768 * (6 * 22 + 2 * 3)


def test_the_floor_is_the_slower_of_arithmetic_and_traffic():
    best = Ceiling(flop_per_s=100.0, bytes_per_s=10.0)
    assert best.floor_s(200.0, 10.0) == 2.0
    assert best.floor_s(200.0, 30.0) == 3.0


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU: it would be measured")
def test_without_a_gpu_it_says_so():
    done = subprocess.run([sys.executable, "-m", "benchmarks.bench_gpu"], capture_output=True, text=True, check=True)
    assert "Skipped: there is no GPU" in done.stderr
    assert done.stdout == ""
