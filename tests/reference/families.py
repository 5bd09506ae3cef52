"""What the families' reference scripts share: weights drawn and laid out as the models declare them, blocks out of PyTorch's own layers, files.

A script describes its family's parameters and computes, from them and a batch, the loss and further outputs; `record` does the rest, in
f64. Every weight is random, gains and biases too, so that none of them can be forgotten unnoticed.
"""
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.stateless import functional_call

from tensors import distance, to_disk

HERE = pathlib.Path(__file__).parent


# ---- parameters: path -> shape ------------------------------------------------------------------------------------------------

def under(prefix, parts):
    return {f"{prefix}.{name}": shape for name, shape in parts.items()}


def norm_shapes(d):
    return {"gain": (d,), "bias": (d,)}


def linear_shapes(n, m):
    return {"weight": (n, m), "bias": (m,)}


def attention_shapes(d, heads):
    """With all biases."""
    head = d // heads
    return {"wq": (d, heads, head), "wk": (d, heads, head), "wv": (d, heads, head), "wo": (heads, head, d),
            "bias_q": (heads, head), "bias_k": (heads, head), "bias_v": (heads, head), "bias_o": (d,)}


def block_shapes(d, heads, ff):
    """A self-attention and a feed-forward with their norms and all biases."""
    return {**under("attend", attention_shapes(d, heads)), **under("feed.up", linear_shapes(d, ff)), **under("feed.down", linear_shapes(ff, d)),
            **under("norm1", norm_shapes(d)), **under("norm2", norm_shapes(d))}


def initial(shapes, rng):
    weights = {}
    for path, shape in shapes.items():
        noise, field = rng.standard_normal(shape), path.split(".")[-1]
        if field == "gain":
            value = 1 + 0.2 * noise
        elif "bias" in field or len(shape) < 2:
            value = 0.2 * noise
        elif field == "table":
            value = 0.5 * noise
        else:
            inputs = np.prod(shape[:2]) if field == "wo" else np.prod(shape[:-1]) if len(shape) == 4 else shape[0]
            value = noise * inputs ** -0.5
        weights[path] = np.asarray(value, dtype=np.float32)
    return weights


# ---- layers out of PyTorch's ----------------------------------------------------------------------------------------------------

def linear(w, prefix, x):
    return F.linear(x, w[f"{prefix}.weight"].T, w.get(f"{prefix}.bias"))


def layer_norm(w, prefix, x):
    return F.layer_norm(x, x.shape[-1:], w[f"{prefix}.gain"], w[f"{prefix}.bias"])


def self_attention(w, prefix, x, causal, padding):
    """nn.MultiheadAttention with our weights: its matrices are [out, in], its q, k and v stand in one. `padding` is true where nothing stands."""
    d, heads, _ = w[f"{prefix}.wq"].shape
    flat = lambda name: w[f"{prefix}.{name}"].reshape(d, d).T
    named = {"in_proj_weight": torch.cat([flat(name) for name in ("wq", "wk", "wv")]),
             "in_proj_bias": torch.cat([w[f"{prefix}.bias_{name}"].reshape(d) for name in "qkv"]),
             "out_proj.weight": flat("wo"), "out_proj.bias": w[f"{prefix}.bias_o"]}
    future = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1) if causal else None
    module = nn.MultiheadAttention(d, heads, batch_first=True, dtype=x.dtype)
    return functional_call(module, named, (x, x, x), dict(key_padding_mask=padding, attn_mask=future, need_weights=False))[0]


def rotated(x, base=10000):
    """Su et al. 2021: elements e and e + n/2 of [B, H, T, n] are one complex number, turned by t / base^(2e/n)."""
    n = x.shape[-1]
    rate = base ** (-torch.arange(0, n, 2, dtype=torch.float64) / n)
    angle = torch.outer(torch.arange(x.shape[2], dtype=torch.float64), rate)
    turned = torch.complex(*x.double().chunk(2, dim=-1)) * torch.polar(torch.ones_like(angle), angle)
    return torch.cat([turned.real, turned.imag], dim=-1).to(x.dtype)


def rotary_attention(w, prefix, x, causal, padding):
    """As `self_attention`, by hand, for PyTorch's has no rotation."""
    part = lambda name: torch.einsum("bti,ihe->bhte", x, w[f"{prefix}.w{name}"]) + w[f"{prefix}.bias_{name}"][:, None]
    q, k, v = rotated(part("q")), rotated(part("k")), part("v")
    hidden = padding[:, None, None]
    if causal:
        hidden = hidden | torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
    weight = (q @ k.transpose(2, 3) / q.shape[-1] ** 0.5).masked_fill(hidden, float("-inf")).softmax(-1)
    return torch.einsum("bhte,hei->bti", weight @ v, w[f"{prefix}.wo"]) + w[f"{prefix}.bias_o"]


def feed_forward(w, prefix, x, act):
    return linear(w, f"{prefix}.down", act(linear(w, f"{prefix}.up", x)))


def block(w, prefix, x, act, pre=True, causal=False, padding=None, attention=self_attention):
    """One layer of GPT-2 or ViT (`pre`: norms before the branches) or of BERT (after); layer scale where the weights have it."""
    attend = lambda x: attention(w, f"{prefix}.attend", x, causal, padding) * w.get(f"{prefix}.add1.gain", 1)
    feed = lambda x: feed_forward(w, f"{prefix}.feed", x, act) * w.get(f"{prefix}.add2.gain", 1)
    norm1, norm2 = (lambda x: layer_norm(w, f"{prefix}.norm1", x)), (lambda x: layer_norm(w, f"{prefix}.norm2", x))
    if pre:
        x = x + attend(norm1(x))
        return x + feed(norm2(x))
    x = norm1(x + attend(x))
    return norm2(x + feed(x))


def gelu_tanh(x):
    return F.gelu(x, approximate="tanh")


# ---- files ----------------------------------------------------------------------------------------------------------------------

def padded(rng, examples, length, low, high):
    """Rows of different lengths, the first as long as the batch; ids from `low`, then 0."""
    ids = np.zeros((examples, length), dtype=np.int64)
    for row in range(examples):
        n = length if row == 0 else int(rng.integers(1, length))
        ids[row, :n] = rng.integers(low, high, n)
    return torch.tensor(ids)


def record(name, shapes, seed, batch_of, compute, **notes):
    """
    Writes NAME.safetensors: `weight.PATH`, `batch.FIELD`, `loss`, `grad.PATH` and `out.NAME` for all else that is returned by
    `compute(weights, batch)`, a dict with "loss". Reals of the batch and weights are exact in f32.
    """
    rng = np.random.default_rng(seed)
    weights, batch = initial(shapes, rng), batch_of(rng)

    def run(dtype):
        leaves = {path: torch.tensor(value, dtype=dtype, requires_grad=True) for path, value in weights.items()}
        results = compute(leaves, {field: value.to(dtype) if value.is_floating_point() else value for field, value in batch.items()})
        results["loss"].backward()
        return results, {path: leaf.grad for path, leaf in leaves.items()}

    torch.set_num_threads(1)
    results, grads = run(torch.float64)
    results32, grads32 = run(torch.float32)
    missing = [path for path, grad in grads.items() if grad is None]
    assert not missing, f"the loss of {name} does not depend on {missing}"
    # bias_k has none, for the softmax cancels it: what rounding leaves in its place differs from machine to machine.
    grads = {path: torch.where(grad.abs() < 1e-12, 0.0, grad) for path, grad in grads.items()}
    loss = results.pop("loss")
    tensors = {"loss": loss}
    for kind, found in (("weight", weights), ("batch", batch), ("grad", grads), ("out", results)):
        tensors.update({f"{kind}.{key}": value.int() if getattr(value, "dtype", None) == torch.bool else value for key, value in found.items()})
    to_disk(HERE / f"{name}.safetensors", tensors, **notes)
    print(f"{name}: {len(weights)} tensors, {sum(w.size for w in weights.values())} numbers, loss {loss.item():.6f};"
          f" f32 against f64: loss {abs(results32['loss'].item() / loss.item() - 1):.1e}, gradients {distance(grads32, grads):.1e}")
