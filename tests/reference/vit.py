"""Vision transformers (Dosovitskiy et al. 2021) out of PyTorch's layers, with both stems: what examples/vit/model.tfm must compute."""
import torch
from torch.nn import functional as F

from families import block, block_shapes, layer_norm, linear, linear_shapes, norm_shapes, record, under

CLASSES, PATCH, D, HEADS, LAYERS = 5, 4, 16, 2, 2


def vit_shapes(classes, side, patch, channels, d, heads, layers, stem=False, scale=False):
    """`stem`: convolutions and positions by row and column; `scale`: with layer scale."""
    grid = side // patch
    shapes = {"start": (d,), **under("norm", norm_shapes(d)), **under("head", linear_shapes(d, classes))}
    if stem:
        shapes.update({"conv1.weight": (3, 3, channels, d // 2), "conv1.bias": (d // 2,), "conv2.weight": (3, 3, d // 2, d), "conv2.bias": (d,),
                       **under("between", norm_shapes(d // 2)), "place.row": (grid, d), "place.column": (grid, d)})
    else:
        shapes.update({"patches.weight": (patch, patch, channels, d), "patches.bias": (d,), "place.table": (grid * grid, d)})
    for layer in range(layers):
        shapes.update(under(f"blocks.{layer}", block_shapes(d, heads, 4 * d)))
        if scale:
            shapes.update({f"blocks.{layer}.add{n}.gain": (d,) for n in (1, 2)})
    return shapes


def convolution(w, prefix, x, **settings):
    return F.conv2d(x, w[f"{prefix}.weight"].permute(3, 2, 0, 1), w[f"{prefix}.bias"], **settings)


def vit(w, image, layers, norm=None):
    """Logits; `norm` is the batch norm between the stem's convolutions. Images are [B, row, column, channel]."""
    x = image.permute(0, 3, 1, 2)
    if norm:
        x = convolution(w, "conv2", F.relu(norm(convolution(w, "conv1", x, stride=2, padding=1))), stride=2, padding=1)
        x = x.flatten(2).transpose(1, 2) + (w["place.row"][:, None] + w["place.column"][None]).flatten(0, 1)
    else:
        x = convolution(w, "patches", x, stride=w["patches.weight"].shape[0]).flatten(2).transpose(1, 2) + w["place.table"]
    x = torch.cat([w["start"].expand(len(x), 1, -1), x], dim=1)
    for layer in range(layers):
        x = block(w, f"blocks.{layer}", x, F.gelu)
    return linear(w, "head", layer_norm(w, "norm", x)[:, 0])


def images(rng, side, channels, examples=3):
    return {"image": torch.tensor(rng.random((examples, side, side, channels)).astype("float32")), "label": torch.tensor(rng.integers(0, CLASSES, examples))}


def patches(w, batch):
    logits = vit(w, batch["image"], LAYERS)
    return {"loss": F.cross_entropy(logits, batch["label"]), "forward": logits}


def stem(w, batch):
    """Its `forward` is what evaluation gives after the step: with the running statistics that the step left."""
    centre, spread = torch.zeros(D // 2, dtype=w["start"].dtype), torch.ones(D // 2, dtype=w["start"].dtype)
    norm = lambda training: lambda x: F.batch_norm(x, centre, spread, w["between.gain"], w["between.bias"], training)
    loss = F.cross_entropy(vit(w, batch["image"], LAYERS, norm(True)), batch["label"])
    return {"loss": loss, "centre": centre, "spread": spread, "forward": vit(w, batch["image"], LAYERS, norm(False))}


if __name__ == "__main__":
    sizes = dict(classes=CLASSES, patch=PATCH, d=D, heads=HEADS, layers=LAYERS)
    record("vit-patches", vit_shapes(side=12, channels=3, scale=True, **sizes), 1, lambda rng: images(rng, 12, 3), patches, side=12, channels=3, **sizes)
    record("vit-stem", vit_shapes(side=8, channels=1, stem=True, **sizes), 15, lambda rng: images(rng, 8, 1), stem, side=8, channels=1, **sizes)
