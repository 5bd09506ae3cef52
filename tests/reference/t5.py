"""T5 (Raffel et al. 2020, gated as in T5 1.1), by hand: what examples/t5/model.tfm must compute."""
import numpy as np
import torch
from torch.nn import functional as F

from families import gelu_tanh, linear, padded, record, under

VOCAB, D, HEADS, FF, LAYERS, PAD, BUCKETS, DISTANCE, EPS = 29, 16, 2, 20, 1, 0, 32, 128, 1e-6
HEAD = D // HEADS

ATTENTION = {"wq": (D, HEADS, HEAD), "wk": (D, HEADS, HEAD), "wv": (D, HEADS, HEAD), "wo": (HEADS, HEAD, D)}
FEED = {"up.weight": (D, FF), "gate.weight": (D, FF), "down.weight": (FF, D)}
LAYER = {**under("attend", ATTENTION), **under("feed", FEED), "norm1.gain": (D,), "norm2.gain": (D,)}
SHAPES = {"embed.table": (VOCAB, D), "near.table": (HEADS, BUCKETS), "past.table": (HEADS, BUCKETS),
          "norm1.gain": (D,), "norm2.gain": (D,), "output.weight": (D, VOCAB)}
for layer in range(LAYERS):
    SHAPES.update(under(f"encoder.{layer}", LAYER))
    SHAPES.update(under(f"decoder.{layer}", {**LAYER, **under("cross", ATTENTION), "norm3.gain": (D,)}))


def rms_norm(w, prefix, x):
    return w[f"{prefix}.gain"] * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPS)


def buckets(length, both):
    """[query, key]: which bucket their distance falls into (§2.1, as T5's own code numbers them)."""
    ahead = np.arange(length)[None, :] - np.arange(length)[:, None]
    count = BUCKETS // 2 if both else BUCKETS
    start = count * (ahead > 0) if both else 0
    away = np.abs(ahead) if both else np.maximum(-ahead, 0)
    exact = count // 2
    far = exact + (np.log(np.maximum(away, 1) / exact) / np.log(DISTANCE / exact) * (count - exact)).astype(int)
    return torch.tensor(start + np.where(away < exact, away, np.minimum(far, count - 1)))


def attention(w, prefix, x, memory, hidden, bias=0):
    """`hidden`: true where a query must not look, [.., query, key]. Scores are not scaled."""
    split = lambda source, name: (source @ w[f"{prefix}.{name}"].reshape(D, D)).unflatten(-1, (HEADS, HEAD)).transpose(1, 2)
    score = split(x, "wq") @ split(memory, "wk").transpose(2, 3) + bias
    weight = score.masked_fill(hidden, float("-inf")).softmax(-1)
    return (weight @ split(memory, "wv")).transpose(1, 2).flatten(2) @ w[f"{prefix}.wo"].reshape(D, D)


def feed(w, prefix, x):
    return linear(w, f"{prefix}.down", gelu_tanh(linear(w, f"{prefix}.gate", x)) * linear(w, f"{prefix}.up", x))


def compute(w, batch):
    source, target = batch["source"], batch["target"]
    padding = (source == PAD)[:, None, None, :]
    x, near = F.embedding(source, w["embed.table"]), w["near.table"][:, buckets(source.shape[1], True)]
    for at in (f"encoder.{layer}" for layer in range(LAYERS)):
        y = rms_norm(w, f"{at}.norm1", x)
        x = x + attention(w, f"{at}.attend", y, y, padding, near)
        x = x + feed(w, f"{at}.feed", rms_norm(w, f"{at}.norm2", x))
    memory = rms_norm(w, "norm1", x)

    length = target.shape[1]
    future = torch.ones(length, length, dtype=torch.bool).triu(1)
    x, past = F.embedding(target, w["embed.table"]), w["past.table"][:, buckets(length, False)]
    for at in (f"decoder.{layer}" for layer in range(LAYERS)):
        y = rms_norm(w, f"{at}.norm1", x)
        x = x + attention(w, f"{at}.attend", y, y, future, past)
        x = x + attention(w, f"{at}.cross", rms_norm(w, f"{at}.norm3", x), memory, padding)
        x = x + feed(w, f"{at}.feed", rms_norm(w, f"{at}.norm2", x))
    logits = linear(w, "output", rms_norm(w, "norm2", x))
    loss = F.cross_entropy(logits.flatten(0, 1), batch["next"].flatten(), ignore_index=PAD)
    return {"loss": loss, "forward": logits}


def corrupted(rng, examples=3, S=20, T=19):
    """Long enough for distances beyond those that have a bucket of their own (8 to both sides, 16 back)."""
    following = padded(rng, examples, T, 5, VOCAB)
    target = torch.where(following == PAD, PAD, torch.cat([torch.ones(examples, 1, dtype=torch.long), following[:, :-1]], dim=1))
    return {"source": padded(rng, examples, S, 5, VOCAB), "target": target, "next": following}


if __name__ == "__main__":
    record("t5", SHAPES, 9, corrupted, compute, vocab=VOCAB, d=D, heads=HEADS, ff=FF, layers=LAYERS)
