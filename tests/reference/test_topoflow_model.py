"""The whole model: its tensors, its equality with the literal forward pass, what it refuses."""

import pytest
import torch
from aqboard_reference.topoflow.climax import Climax
from aqboard_reference.topoflow.config import ModelConfig
from aqboard_reference.topoflow.errors import DataError, InputError
from aqboard_reference.topoflow.lightning_module import TopoFlowModule
from aqboard_reference.topoflow.model import TopoFlow
from aqboard_reference.topoflow.normalisation import Normalisation

from aqboard.domain.plan import SCAN_RULES
from tests.reference import plain_model, plain_scan

BASELINE = {
    "target_indices": (6,),
    "climax.var_embed": (1, 15, 768),
    "climax.var_query": (1, 1, 768),
    "climax.pos_embed": (1, 8192, 768),
    "climax.token_embeds.proj_weights": (15, 768, 1, 2, 2),
    "climax.token_embeds.proj_biases": (15, 768),
    "climax.var_agg.in_proj_weight": (2304, 768),
    "climax.var_agg.in_proj_bias": (2304,),
    "climax.var_agg.out_proj.weight": (768, 768),
    "climax.var_agg.out_proj.bias": (768,),
    "climax.lead_time_embed.weight": (768, 1),
    "climax.lead_time_embed.bias": (768,),
    "climax.norm.weight": (768,),
    "climax.norm.bias": (768,),
    "climax.head.0.weight": (768, 768),
    "climax.head.0.bias": (768,),
    "climax.head.2.weight": (768, 768),
    "climax.head.2.bias": (768,),
    "climax.head.4.weight": (60, 768),
    "climax.head.4.bias": (60,),
    **{
        f"climax.blocks.{block}.{name}": shape
        for block in range(6)
        for name, shape in {
            "norm1.weight": (768,), "norm1.bias": (768,), "norm2.weight": (768,), "norm2.bias": (768,),
            "attn.qkv.weight": (2304, 768), "attn.qkv.bias": (2304,),
            "attn.proj.weight": (768, 768), "attn.proj.bias": (768,),
            "mlp.fc1.weight": (3072, 768), "mlp.fc1.bias": (3072,),
            "mlp.fc2.weight": (768, 3072), "mlp.fc2.bias": (768,),
        }.items()
    },
}  # fmt: skip
NEW = {"climax.blocks.0.attn.elevation_alpha": (), "climax.blocks.0.attn.H_scale": ()}


def random_model(config: ModelConfig, normalisation: Normalisation, seed: int = 0) -> TopoFlow:
    """A float64 model whose every parameter matters: no zero biases, no tiny weights."""
    torch.manual_seed(seed)
    model = TopoFlow(config, normalisation).double().eval()
    for name, parameter in model.named_parameters():
        if "norm" not in name and "alpha" not in name:
            torch.nn.init.normal_(parameter, std=0.3)
    return model


def sample(config: ModelConfig, batch: int = 2, seed: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    made = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, len(config.variables), config.img_h, config.img_w, generator=made, dtype=torch.float64)
    return x, torch.tensor([12.0, 48.0, 96.0])[:batch].double()


@pytest.mark.parametrize(("bias", "expected"), [(False, BASELINE), (True, BASELINE | NEW)])
def test_tensor_names_and_shapes_are_the_checkpoints(bias, expected, normalisation):
    with torch.device("meta"):
        climax = Climax(ModelConfig(elevation_bias=bias))
    shapes = {f"climax.{key}": tuple(value.shape) for key, value in climax.state_dict().items()}
    assert {"target_indices": (6,), **shapes} == expected
    assert len(expected) == (94 if bias else 92)


def test_real_size_has_52_481_340_parameters_in_91_tensors():
    with torch.device("meta"):
        parameters = list(Climax(ModelConfig()).parameters())
    assert (sum(p.numel() for p in parameters), len(parameters)) == (52_481_340, 91)


@pytest.mark.parametrize("bias", [False, True])
def test_the_lightning_module_puts_model_in_front(small, normalisation, bias):
    config = small.model_copy(update={"elevation_bias": bias, "depth": 6})
    module = TopoFlowModule(config, normalisation)
    inner = module.model.state_dict()
    assert set(module.state_dict()) == {f"model.{key}" for key in inner}
    names = BASELINE | NEW if bias else BASELINE
    assert set(inner) == set(names)
    assert inner["target_indices"].tolist() == [12, 5, 6, 7, 8, 9]
    assert inner["target_indices"].dtype == torch.int64


@pytest.mark.parametrize("layout", ["compat", "corrected"])
@pytest.mark.parametrize("rule", SCAN_RULES)
def test_forward_equals_the_literal_model(small, normalisation, rule, layout):
    config = small.model_copy(
        update={"scan_rule": rule, "scan_layout": layout, "elevation_bias": True, "elevation_alpha": 0.8}
    )
    model = random_model(config, normalisation)
    x, lead = sample(config, batch=3)

    def orders(u, v):
        return plain_scan.plain_orders(u, v, config, model.scanner.cache)

    with torch.no_grad():
        fast = model(x, lead)
        plain = plain_model.plain_forward(model.state_dict(), config, normalisation, orders, x, lead)
    torch.testing.assert_close(fast, plain, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("batch", [1, 2, 3])
@pytest.mark.parametrize("rule", SCAN_RULES)
def test_gradients_equal_those_of_the_literal_model(small, normalisation, rule, batch):
    config = small.model_copy(update={"scan_rule": rule, "elevation_bias": True, "elevation_alpha": 0.8})
    model = random_model(config, normalisation)
    x, lead = sample(config, batch)

    def orders(u, v):
        return plain_scan.plain_orders(u, v, config, model.scanner.cache)

    names, weights = zip(*model.named_parameters(), strict=True)
    state = {**dict(model.named_buffers()), **dict(model.named_parameters())}
    plain = plain_model.plain_forward(state, config, normalisation, orders, x, lead)
    direction = torch.randn_like(plain)
    mine = torch.autograd.grad(model(x, lead), weights, direction)
    theirs = torch.autograd.grad(plain, weights, direction)
    for name, one, other in zip(names, mine, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-7, atol=1e-8, msg=lambda told, name=name: f"{name}: {told}")


def test_float32_forward_stays_within_rounding(small, normalisation):
    config = small.model_copy(update={"elevation_bias": True, "elevation_alpha": 0.5})
    model = random_model(config, normalisation)
    x, lead = sample(config)
    with torch.no_grad():
        exact = model(x, lead)
        rough = model.float()(x.float(), lead.float())
    torch.testing.assert_close(rough.double(), exact, rtol=1e-4, atol=1e-4)


def test_odd_grid_and_one_sample(normalisation):
    config = ModelConfig(
        img_h=9, img_w=15, patch=3, embed_dim=8, depth=1, heads=2, regions_h=3, regions_w=5, elevation_bias=True
    )
    model = random_model(config, normalisation)
    x, lead = sample(config, batch=1)
    with torch.no_grad():
        plain = plain_model.plain_forward(
            model.state_dict(),
            config,
            normalisation,
            lambda u, v: plain_scan.plain_orders(u, v, config, model.scanner.cache),
            x,
            lead,
        )
        torch.testing.assert_close(model(x, lead), plain, rtol=1e-9, atol=1e-9)


def test_scanning_is_a_permutation_of_the_positional_embedding(small, normalisation):
    """compat with order P = row-major tokens with pos_embed[P^-1] and elevation[P^-1], output permuted by P."""
    config = small.model_copy(update={"scan_layout": "compat", "elevation_bias": True, "elevation_alpha": 1.5})
    model = random_model(config, normalisation)
    x, lead = sample(config, batch=1)
    order = model.token_order(x)
    assert order is not None
    inverse = order[0].argsort()
    elevation = model.patch_elevation(x)
    assert elevation is not None
    with torch.no_grad():
        scanned = model.climax(x, lead, order, elevation)
        model.climax.pos_embed.copy_(model.climax.pos_embed[:, inverse])
        row_major = model.climax(x, lead, None, elevation[:, inverse])

    def patches(image):
        return image.unfold(2, 2, 2).unfold(3, 2, 2).flatten(2, 3)

    torch.testing.assert_close(patches(scanned), patches(row_major)[:, :, order[0]], rtol=1e-12, atol=1e-12)


def test_layouts_differ_and_without_scan_they_do_not(small, normalisation):
    x, lead = sample(small)
    out = {}
    for rule in ("strip-sector", "none"):
        for layout in ("compat", "corrected"):
            config = small.model_copy(update={"scan_rule": rule, "scan_layout": layout})
            with torch.no_grad():
                out[rule, layout] = random_model(config, normalisation)(x, lead)
    assert torch.equal(out["none", "compat"], out["none", "corrected"])
    assert not torch.allclose(out["strip-sector", "compat"], out["strip-sector", "corrected"])


def test_bands_keep_attention_inside_a_row_of_regions(small, normalisation):
    model = random_model(small, normalisation)
    x, lead = sample(small, batch=1)
    moved = x.clone()
    moved[:, 5, :4] += 1.0  # pm10 in the first row of regions; the wind stays
    with torch.no_grad():
        change = (model(moved, lead, bands=4) - model(x, lead, bands=4)).abs()
        whole = (model(moved, lead) - model(x, lead)).abs()
    assert change[:, :, 4:].max() == 0 < change[:, :, :4].max()
    assert whole[:, :, 4:].max() > 0


def test_activation_checkpointing_gives_the_same_gradients(small, normalisation):
    config = small.model_copy(update={"elevation_bias": True, "elevation_alpha": 0.5})
    model = random_model(config, normalisation)
    x, lead = sample(config)
    parameters = list(model.parameters())
    plain = torch.autograd.grad(model(x, lead).square().mean(), parameters)
    model.climax.activation_checkpointing = True
    for one, other in zip(torch.autograd.grad(model(x, lead).square().mean(), parameters), plain, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("shape", [(2, 1), (), (3,), (1, 2)])
def test_lead_times_must_be_one_per_sample(small, normalisation, shape):
    model = TopoFlow(small, normalisation)
    with pytest.raises(InputError, match=r"lead_times must be \[B\] = \[2\], hours, one per sample; got"):
        model(sample(small)[0].float(), torch.full(shape, 12.0))


def test_a_missing_variable_or_another_grid_is_refused(small, normalisation):
    model = TopoFlow(small, normalisation)
    x, lead = (value.float() for value in sample(small))
    with pytest.raises(InputError, match=r"x has 14 variables, the model has 15: it needs all of u, v, temp"):
        model(x[:, 1:], lead)
    with pytest.raises(InputError, match=r"x must be \[B, 15, 16, 32\]; got \[2, 15, 16, 30\]"):
        model(x[..., :30], lead)


def test_values_that_are_not_finite_are_named(small, normalisation):
    model = TopoFlow(small, normalisation).eval()
    x, lead = (value.float() for value in sample(small))
    x[1, 0, 2, 3] = x[1, 0, 2, 4] = float("nan")
    x[0, 13, 0, 0] = float("inf")
    with pytest.raises(InputError, match="elevation in sample 0: 1 pixels; u in sample 1: 2 pixels"):
        model(x, lead)
    model.validate_inputs = False
    assert model(x, lead).isnan().any()


def test_wind_normalised_with_a_transform_is_refused_at_construction(small, normalisation):
    logged = normalisation.variables["u"].model_copy(update={"transform": "log", "offset": 1.0})
    with pytest.raises(DataError, match="'u' is normalised with transform 'log'"):
        TopoFlow(small, Normalisation(variables={**normalisation.variables, "u": logged}))
    without = {name: one for name, one in normalisation.variables.items() if name != "v"}
    with pytest.raises(DataError, match="no normalisation statistics for the variable 'v'"):
        TopoFlow(small, Normalisation(variables=without))


def test_wind_and_elevation_reach_the_scan_in_physical_units(small, normalisation):
    config = small.model_copy(update={"elevation_bias": True})
    model = TopoFlow(config, normalisation)
    x = torch.zeros(1, 15, 16, 32)
    x[:, 13] = 1.0
    assert model.patch_elevation(x).unique().tolist() == [400.0 + 700.0]
    east = model.scanner.order(torch.full((1, 16, 32), 2.8), torch.full((1, 16, 32), 0.5))
    assert torch.equal(model.token_order(x), east)


@pytest.mark.parametrize("alpha", [None, 0.5])
def test_the_whole_forward_pass_is_one_graph_for_torch_compile(small, normalisation, alpha):
    config = small.model_copy(update={"elevation_bias": alpha is not None, "elevation_alpha": alpha or 0.0})
    model = random_model(config, normalisation)
    model.validate_inputs = False
    x, lead = sample(config)
    with torch.no_grad():
        compiled = torch.compile(model, backend="eager", fullgraph=True)
        torch.testing.assert_close(compiled(x, lead), model(x, lead), rtol=1e-12, atol=1e-12)
