"""CLIP (Radford et al. 2021) out of PyTorch's layers: what examples/clip/model.tfm must compute."""
import math

import torch
from torch.nn import functional as F

from families import block, block_shapes, layer_norm, linear, linear_shapes, norm_shapes, padded, record, under
from vit import vit, vit_shapes

VOCAB, LENGTH, SIDE, PATCH, CHANNELS, D, HEADS, LAYERS, WIDE, PAD, CLASSES = 19, 7, 8, 4, 1, 16, 2, 1, 12, 0, 3

TEXT = {"embed.table": (VOCAB, D), "place.table": (LENGTH, D), "output.weight": (D, WIDE),
        **under("norm1", norm_shapes(D)), **under("norm2", norm_shapes(D)), **under("feed.up", linear_shapes(D, 4 * D)), **under("feed.down", linear_shapes(4 * D, D))}
for layer in range(LAYERS):
    TEXT.update(under(f"blocks.{layer}", block_shapes(D, HEADS, 4 * D)))
SHAPES = {**under("eye", vit_shapes(WIDE, SIDE, PATCH, CHANNELS, D, HEADS, LAYERS)), **under("text", TEXT), "heat": ()}


def within(w, prefix):
    return {path[len(prefix) + 1:]: value for path, value in w.items() if path.startswith(f"{prefix}.")}


def tower(w, ids):
    x = F.embedding(ids, w["embed.table"]) + w["place.table"][:ids.shape[1]]
    x = x + linear(w, "feed.down", F.gelu(linear(w, "feed.up", layer_norm(w, "norm1", x))))
    for layer in range(LAYERS):
        x = block(w, f"blocks.{layer}", x, F.gelu, padding=ids == PAD)
    x, keep = layer_norm(w, "norm2", x), (ids != PAD)[..., None]
    return ((x * keep).sum(1) / keep.sum(1)) @ w["output.weight"]


def cosines(w, image, ids):
    return F.normalize(vit(within(w, "eye"), image, LAYERS), dim=-1) @ F.normalize(tower(within(w, "text"), ids), dim=-1).T


def compute(w, batch):
    """The loss of figure 3 of the paper."""
    logits = cosines(w, batch["image"], batch["caption"]) * torch.exp(w["heat"].clamp(max=math.log(100)))
    own = torch.arange(len(logits))
    loss = (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
    return {"loss": loss, "forward": cosines(w, batch["image"], batch["prompts"])}


def captions(rng, examples=4):
    return {"image": torch.tensor(rng.random((examples, SIDE, SIDE, CHANNELS)).astype("float32")), "caption": padded(rng, examples, 6, 5, VOCAB),
            "prompts": padded(rng, CLASSES, 5, 5, VOCAB)}


if __name__ == "__main__":
    record("clip", SHAPES, 12, captions, compute, vocab=VOCAB, length=LENGTH, side=SIDE, patch=PATCH, d=D, heads=HEADS, layers=LAYERS, wide=WIDE)
