"""Ways in which checkpoints and models come apart, each with the truth about which key belongs to which."""

from collections.abc import Callable
from dataclasses import dataclass

DIM = 8


@dataclass(frozen=True)
class Scenario:
    """Shapes by key on both sides; `truth` maps a checkpoint key; `enough` keys must be found with confidence."""

    name: str
    checkpoint: dict[str, tuple[int, ...]]
    model: dict[str, tuple[int, ...]]
    truth: Callable[[str], str]
    enough: int


def backbone(depth=3, blocks="blocks", attn="attn", mlp=("fc1", "fc2"), norms=("norm1", "norm2"), extra=None):
    """A small transformer's shapes by key, with the module names of the reference model: 8 + 12 depth keys."""
    shapes = {"var_embed": (1, 5, DIM), "pos_embed": (1, 16, DIM), "norm.weight": (DIM,), "norm.bias": (DIM,)}
    for layer in range(depth):
        modules = {
            **dict.fromkeys(norms, (DIM,)),
            f"{attn}.qkv": (3 * DIM, DIM),
            f"{attn}.proj": (DIM, DIM),
            f"mlp.{mlp[0]}": (4 * DIM, DIM),
            f"mlp.{mlp[1]}": (DIM, 4 * DIM),
        }
        for module, shape in modules.items():
            shapes |= {f"{blocks}.{layer}.{module}.weight": shape, f"{blocks}.{layer}.{module}.bias": shape[:1]}
    shapes |= {"head.0.weight": (DIM, DIM), "head.0.bias": (DIM,), "head.2.weight": (4, DIM), "head.2.bias": (4,)}
    return {**shapes, **(extra or {})}


def under(prefix, shapes):
    """The same tensors with a prefix on every key."""
    return {prefix + key: shape for key, shape in shapes.items()}


def renamed(*pairs):
    """A truth that replaces texts, one after the other."""

    def truth(key):
        for old, new in pairs:
            key = key.replace(old, new)
        return key

    return truth


def same(key):
    return key


BASE = backbone()
ALL = len(BASE)
CONVNET = {"stem.weight": (8, 3, 7, 7), "layer1.0.conv.weight": (8, 8, 3, 3), "fc.weight": (10, 8), "fc.bias": (10,)}
NEW_PARAMETERS = {"blocks.0.attn.elevation_alpha": (), "blocks.0.attn.H_scale": ()}
FSDP_BLOCK = ("blocks.1.", "blocks.1._fsdp_wrapped_module._checkpoint_wrapped_module.")

SCENARIOS = (
    Scenario("same", BASE, BASE, same, ALL),
    Scenario("lightning into inner model", under("model.", BASE), BASE, renamed(("model.", "")), ALL),
    Scenario("inner model into lightning", BASE, under("model.", BASE), "model.{}".format, ALL),
    Scenario("lightning into lightning", under("model.", BASE), under("model.", BASE), same, ALL),
    Scenario("the story", under("model.climax.", BASE), under("climax.", BASE), renamed(("model.", "")), ALL),
    Scenario("other prefix", under("net.", BASE), under("backbone.", BASE), renamed(("net.", "backbone.")), ALL),
    Scenario("unusual prefix", under("aqnet_v3.", BASE), BASE, renamed(("aqnet_v3.", "")), ALL),
    Scenario("deep prefix", under("a.b.c.", BASE), under("d.", BASE), renamed(("a.b.c.", "d.")), ALL),
    Scenario("ddp", under("module.", BASE), BASE, renamed(("module.", "")), ALL),
    Scenario("compile", under("_orig_mod.", BASE), BASE, renamed(("_orig_mod.", "")), ALL),
    Scenario("into a compiled model", BASE, under("_orig_mod.", BASE), "_orig_mod.{}".format, ALL),
    Scenario(
        "lightning into a ddp of compile",
        under("model.", BASE),
        under("module._orig_mod.", BASE),
        renamed(("model.", "module._orig_mod.")),
        ALL,
    ),
    Scenario(
        "compile inside lightning",
        under("model._orig_mod.", BASE),
        under("model.", BASE),
        renamed(("_orig_mod.", "")),
        ALL,
    ),
    Scenario(
        "ddp of compile into lightning",
        under("module._orig_mod.", BASE),
        under("model.", BASE),
        renamed(("module._orig_mod.", "model.")),
        ALL,
    ),
    Scenario("fsdp", {renamed(FSDP_BLOCK)(k): v for k, v in BASE.items()}, BASE, renamed(FSDP_BLOCK[::-1]), ALL),
    Scenario(
        "activation checkpointing in the model",
        BASE,
        {k.replace("mlp.", "mlp._checkpoint_wrapped_module."): v for k, v in BASE.items()},
        renamed(("mlp.", "mlp._checkpoint_wrapped_module.")),
        ALL,
    ),
    Scenario("container renamed", BASE, backbone(blocks="layers"), renamed(("blocks.", "layers.")), ALL),
    Scenario(
        "container deepened", BASE, backbone(blocks="encoder.blocks"), renamed(("blocks.", "encoder.blocks.")), ALL
    ),
    Scenario("attention renamed", BASE, backbone(attn="attention"), renamed((".attn.", ".attention.")), ALL),
    Scenario(
        "prefix and attention",
        under("model.", BASE),
        backbone(attn="self_attn"),
        renamed(("model.", ""), (".attn.", ".self_attn.")),
        ALL,
    ),
    Scenario("mlp renamed", BASE, backbone(mlp=("lin1", "lin2")), renamed((".fc", ".lin")), ALL),
    Scenario(
        "norms renamed, which is which unknown",
        BASE,
        backbone(norms=("pre", "post")),
        renamed(("norm1", "pre"), ("norm2", "post")),
        ALL - 12,
    ),
    Scenario(
        "norms renamed the treacherous way",
        BASE,
        backbone(norms=("post_norm", "pre_norm")),
        renamed(("norm1", "pre_norm"), ("norm2", "post_norm")),
        ALL - 12,
    ),
    Scenario(
        "two renames at once",
        BASE,
        backbone(blocks="layers", attn="attention"),
        renamed(("blocks.", "layers."), (".attn.", ".attention.")),
        ALL - 24,
    ),
    Scenario(
        "student and teacher, both fit",
        under("student.", BASE) | under("teacher.", BASE),
        BASE,
        renamed(("student.", ""), ("teacher.", "teacher.")),
        0,
    ),
    Scenario(
        "student and teacher into the same",
        under("student.", BASE) | under("teacher.", BASE),
        under("student.", BASE) | under("teacher.", BASE),
        same,
        2 * ALL,
    ),
    Scenario(
        "student alone",
        under("student.", BASE),
        under("student.", BASE) | under("teacher.", BASE),
        same,
        ALL,
    ),
    Scenario("weights beside their average", under("model.", BASE) | under("ema_model.", BASE), BASE, same, 0),
    Scenario("missing block", {k: v for k, v in BASE.items() if "blocks.1." not in k}, BASE, same, ALL - 12),
    Scenario("more blocks than the model", backbone(depth=5), BASE, same, ALL),
    Scenario(
        "fewer blocks, container renamed",
        BASE,
        backbone(depth=2, blocks="layers"),
        renamed(("blocks.", "layers.")),
        ALL - 12,
    ),
    Scenario(
        "fine-tuning adds two", under("model.", BASE), backbone(extra=NEW_PARAMETERS), renamed(("model.", "")), ALL
    ),
    Scenario("new head", BASE, BASE | {"head.2.weight": (9, DIM), "head.2.bias": (9,)}, same, ALL - 2),
    Scenario(
        "region mask of the wrapper",
        under("model.", BASE) | {"region_mask": (8, 16)},
        BASE,
        renamed(("model.", "")),
        ALL,
    ),
    Scenario(
        "encoder and decoder with other prefixes",
        under("encoder.", BASE) | under("decoder.", CONVNET),
        under("enc.", BASE) | under("dec.", CONVNET),
        renamed(("encoder.", "enc."), ("decoder.", "dec.")),
        ALL + len(CONVNET),
    ),
    Scenario(
        "block removed and another one added",
        {k: v for k, v in BASE.items() if "blocks.2." not in k},
        {k: v for k, v in BASE.items() if "blocks.1." not in k},
        same,
        ALL - 24,
    ),
    Scenario(
        "module removed, another of its shapes added",
        BASE | {"old_gate.weight": (DIM, DIM), "old_gate.bias": (DIM,)},
        BASE | {"adapter.weight": (DIM, DIM), "adapter.bias": (DIM,)},
        lambda key: "" if "gate" in key else key,
        ALL,
    ),
    Scenario("nothing in common", CONVNET, BASE, lambda key: "", 0),
    Scenario("empty checkpoint", {}, BASE, same, 0),
    Scenario("empty model", BASE, {}, same, 0),
)
