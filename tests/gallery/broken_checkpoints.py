"""Launches whose checkpoint, or whose way of loading it, is wrong."""

import torch
from aqboard_reference.target import ReferenceTarget

from tests.gallery import changing
from tests.gallery.broken import FILE, LOSS, WEIGHTS, Broken, of

HEAD = "model.climax.head.4.weight"
ANOTHER_MODEL = of("checkpoint.configuration", "checkpoint.optimizer")


def _touched_after_loading(launch, monkeypatch):
    """A loader that scales one tensor once it has loaded all of them."""
    load = ReferenceTarget.load

    def loads_and_touches(self, module, state):
        report = load(self, module, state)
        with torch.no_grad():
            module.get_parameter("model.climax.norm.weight").mul_(1.001)
        return report

    monkeypatch.setattr(ReferenceTarget, "load", loads_and_touches)
    return {}


def _never_stepped(document):
    """Weights as initialised, and moments that never saw a gradient."""
    torch.manual_seed(0)
    for tensor in document["state_dict"].values():
        if tensor.is_floating_point() and tensor.dim() > 1:
            torch.nn.init.normal_(tensor, std=0.02)
    for state in document["optimizer_states"][0]["state"].values():
        state["exp_avg"].zero_()
        state["exp_avg_sq"].zero_()


def _one_group_less(document):
    """Both parameter groups put into one, as an optimizer without exceptions from weight decay has it."""
    first, second = document["optimizer_states"][0]["param_groups"]
    first["params"] += second["params"]
    document["optimizer_states"][0]["param_groups"] = [first]


CHECKPOINTS: tuple[Broken, ...] = (
    Broken(
        "saved from the inner model, loaded into the wrapper",
        lambda launch, _: changing.weights(launch, "inner", changing.renamed("model.", "")),
        "checkpoint.coverage",
        "0 of 44 checkpoint tensors reach TopoFlowModule; 44 find no place, silently",
        WEIGHTS,
    ),
    Broken(
        "saved from the wrapper, loaded into the inner model",
        lambda *_: {"checkpoint": {"load_into": "inner_model"}},
        "checkpoint.coverage",
        "0 of 44 checkpoint tensors reach TopoFlow; 44 find no place, silently",
        WEIGHTS,
        anew=("attribution",),
    ),
    Broken(
        "prefix stripped where it belongs",
        lambda *_: {"checkpoint": {"strip_prefix": "model."}},
        "checkpoint.coverage",
        "0 of 44 checkpoint tensors reach TopoFlowModule",
        WEIGHTS,
    ),
    Broken(
        "saved by a compiled model in DDP",
        lambda launch, _: changing.weights(launch, "wrapped", changing.renamed("model.", "module._orig_mod.model.")),
        "checkpoint.coverage",
        "0 of 44 checkpoint tensors reach",
        WEIGHTS,
    ),
    Broken(
        "a block is missing from the file",
        lambda launch, _: changing.weights(launch, "short", changing.without("climax.blocks.1.")),
        "checkpoint.coverage",
        "12 tensors of the model stay random: model.climax.blocks.1.",
        WEIGHTS | of("checkpoint.optimizer"),
    ),
    Broken(
        "the model is deeper than the checkpoint's",
        lambda launch, _: changing.config(launch, "deep", "model", depth=3),
        "checkpoint.coverage",
        "12 tensors of the model stay random: model.climax.blocks.2.",
        WEIGHTS | ANOTHER_MODEL,
    ),
    Broken(
        "the model is wider than the checkpoint's",
        lambda launch, _: changing.config(launch, "wide", "model", embed_dim=32),
        "checkpoint.coverage",
        "have another shape: model.climax.var_embed: [1, 15, 16] in the file, [1, 15, 32] in the model",
        WEIGHTS | ANOTHER_MODEL,
    ),
    Broken(
        "new tensors that nobody declared",
        lambda *_: {"checkpoint": {"expected_missing": []}},
        "checkpoint.coverage",
        "2 tensors of the model stay random: model.climax.blocks.0.attn.elevation_alpha",
    ),
    Broken(
        "weights touched after loading",
        _touched_after_loading,
        "checkpoint.bitwise",
        "1 of 44 loaded tensors differ from the file: model.climax.norm.weight",
        LOSS,
    ),
    Broken(
        "NaN in weights that no validation loss sees",
        lambda launch, _: changing.weights(
            launch, "nan", changing.with_tensor(HEAD, lambda t: t.index_fill(0, torch.tensor([0]), float("nan")))
        ),
        "checkpoint.healthy",
        f"1 of 44 tensors hold values that are no numbers: {HEAD}",
        WEIGHTS,
    ),
    Broken(
        "a layer of zeros",
        lambda launch, _: changing.weights(launch, "zeroed", changing.with_tensor(HEAD, torch.zeros_like)),
        "checkpoint.healthy",
        HEAD,
        WEIGHTS,
    ),
    Broken(
        "saved before the first step",
        lambda launch, _: changing.saved(launch, "untrained", _never_stepped),
        "checkpoint.healthy",
        "trained",
        WEIGHTS,
    ),
    Broken(
        "another number of heads, and every shape fits",
        lambda launch, _: changing.config(launch, "heads", "model", heads=4),
        "checkpoint.configuration",
        "model.heads",
        WEIGHTS,
    ),
    Broken(
        "an optimizer state with other groups",
        lambda launch, _: {
            "checkpoint": {
                **changing.saved(launch, "groups", _one_group_less)["checkpoint"],
                "resume_optimizer": True,
            }
        },
        "checkpoint.optimizer",
        "1 parameter groups are saved, the training builds 2",
    ),
    Broken(
        "one bit flipped in the file",
        lambda launch, _: changing.content(launch, "flipped", changing.flip_a_bit_of(launch, HEAD)),
        "checkpoint.intact",
        "1 of 175 records do not match their checksum",
        LOSS,
    ),
    Broken(
        "copied half",
        lambda launch, _: changing.content(launch, "torn", lambda data: data[: len(data) // 2]),
        "checkpoint.intact",
        "torn.ckpt: The zip archive does not end with its end record: it was cut short",
        FILE,
    ),
    Broken(
        "a Git LFS pointer",
        lambda launch, _: changing.content(launch, "pointer", lambda _: changing.LFS_POINTER),
        "checkpoint.intact",
        "Git LFS pointer",
        FILE,
    ),
)
