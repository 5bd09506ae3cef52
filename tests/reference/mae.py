"""A masked autoencoder (He et al. 2022), pre-training and fine-tuning, out of PyTorch's layers: what examples/mae/model.tfm must compute."""
import torch
from torch.nn import functional as F

from families import block, block_shapes, layer_norm, linear, linear_shapes, norm_shapes, record, under
from vit import images

SIDE, PATCH, CHANNELS, D, HEADS, LAYERS, NARROW, DEPTH, CLASSES = 12, 4, 2, 16, 2, 2, 8, 1, 5
PATCHES = (SIDE // PATCH) ** 2
KEPT = PATCHES // 4

ENCODER = under("encoder", {
    "patches.weight": (PATCH, PATCH, CHANNELS, D), "patches.bias": (D,), "place.table": (PATCHES, D), **under("norm", norm_shapes(D)),
    **{path: shape for n in range(LAYERS) for path, shape in under(f"blocks.{n}", block_shapes(D, HEADS, 4 * D)).items()}})
DECODER = {
    **under("bridge", linear_shapes(D, NARROW)), "place.table": (PATCHES, NARROW), "blank": (NARROW,), **under("norm", norm_shapes(NARROW)),
    **{path: shape for n in range(DEPTH) for path, shape in under(f"blocks.{n}", block_shapes(NARROW, HEADS, 4 * NARROW)).items()},
    **under("output", linear_shapes(NARROW, PATCH * PATCH * CHANNELS))}


def encode(w, image, seen):
    """[B, V, D] for the patches that `seen`, [B, V], names."""
    x = F.conv2d(image.permute(0, 3, 1, 2), w["encoder.patches.weight"].permute(3, 2, 0, 1), w["encoder.patches.bias"], stride=PATCH)
    x = x.flatten(2).transpose(1, 2) + w["encoder.place.table"]
    x = torch.stack([row[patches] for row, patches in zip(x, seen)])
    for layer in range(LAYERS):
        x = block(w, f"encoder.blocks.{layer}", x, F.gelu)
    return layer_norm(w, "encoder.norm", x)


def pixels(image):
    """[B, patch, row, column and channel within it]."""
    cut = image.unfold(1, PATCH, PATCH).unfold(2, PATCH, PATCH)  # [B, row of patches, column of patches, channel, row, column]
    return cut.permute(0, 1, 2, 4, 5, 3).flatten(3).flatten(1, 2)


def pretrain(w, batch):
    image, order = batch["image"], batch["order"]
    seen = linear(w, "bridge", encode(w, image, order[:, :KEPT]))
    x = w["blank"].expand(len(image), PATCHES, NARROW).clone()
    hidden = torch.ones(len(image), PATCHES, dtype=torch.bool)
    for row in range(len(image)):
        x[row, order[row, :KEPT]] = seen[row]
        hidden[row, order[row, :KEPT]] = False
    x = x + w["place.table"]
    for layer in range(DEPTH):
        x = block(w, f"blocks.{layer}", x, F.gelu)
    guess = linear(w, "output", layer_norm(w, "norm", x))
    return {"loss": F.mse_loss(guess[hidden], pixels(image)[hidden]), "rebuilt": guess}


def finetune(w, batch):
    everything = torch.arange(PATCHES).expand(len(batch["image"]), PATCHES)
    logits = linear(w, "head", encode(w, batch["image"], everything).mean(1))
    return {"loss": F.cross_entropy(logits, batch["label"], label_smoothing=0.1), "forward": logits}


def ordered(rng):
    """The orders are fixed, so that no number need be drawn: every second patch, begun elsewhere in each row."""
    batch = images(rng, SIDE, CHANNELS)
    return {**batch, "order": (2 * torch.arange(PATCHES)[None] + torch.arange(len(batch["image"]))[:, None]) % PATCHES}


if __name__ == "__main__":
    sizes = dict(side=SIDE, patch=PATCH, channels=CHANNELS, d=D, heads=HEADS, layers=LAYERS)
    record("mae-pretrain", {**ENCODER, **DECODER}, 3, ordered, pretrain, narrow=NARROW, depth=DEPTH, **sizes)
    record("mae-finetune", {**ENCODER, **under("head", linear_shapes(D, CLASSES))}, 4, lambda rng: images(rng, SIDE, CHANNELS), finetune, classes=CLASSES, **sizes)
