"""FlexAttention with the elevation bias against the chunks, on the CPU: uncompiled it forms every score."""

import pytest
import torch
from aqboard_reference.topoflow.attention import TopoFlowAttention, biased_attention
from aqboard_reference.topoflow.flex import flex_biased_attention, use_flex_attention

pytestmark = pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")


@pytest.mark.parametrize("batch", [1, 2, 3])
@pytest.mark.parametrize("alpha", [0.0, 0.7, 5.0, -1.0])
def test_equal_to_the_chunks(batch, alpha):
    torch.manual_seed(batch)
    q, k, v = torch.randn(3, batch, 2, 24, 16, dtype=torch.float64)
    elevation = 4000 * torch.rand(batch, 24, dtype=torch.float64)
    rest = elevation, torch.tensor(alpha, dtype=torch.float64), torch.tensor(1000.0, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(
            flex_biased_attention(q, k, v, *rest), biased_attention(q, k, v, *rest), rtol=1e-6, atol=1e-6
        )


def test_every_biased_attention_of_a_model_is_switched_over():
    model = torch.nn.ModuleList([TopoFlowAttention(16, 2), torch.nn.Linear(2, 2), TopoFlowAttention(16, 2)])
    assert model[0].kernel is biased_attention
    assert use_flex_attention(model) == 2
    assert model[0].kernel is model[2].kernel is not biased_attention
