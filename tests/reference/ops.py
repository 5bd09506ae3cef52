"""Small numbers from PyTorch for single layers and losses of `std/`: inputs, weights, results and gradients.

Each case is a group of tensors `CASE.in.NAME`, `CASE.weight.NAME`, `CASE.out`, `CASE.up` (the gradient that arrives at `out`), `CASE.grad.NAME`.
Computed in f64 from PyTorch's own functions; what is written is rounded to f32.
"""
import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from tensors import to_disk

HERE = pathlib.Path(__file__).parent
found = {}


def real(rng, *shape, scale=1.0):
    return torch.tensor((scale * rng.standard_normal(shape)).astype(np.float32), dtype=torch.float64, requires_grad=True)


def record(case, rng, inputs, weights, out, given={}):
    """`inputs` and `weights` get gradients, `given` (ids, masks) does not."""
    up = real(rng, *out.shape).detach()
    (out * up).sum().backward()
    found.update({f"{case}.in.{name}": x for name, x in {**inputs, **given}.items()})
    found.update({f"{case}.weight.{name}": w for name, w in weights.items()})
    # bias_k has none, for the softmax cancels it: what rounding leaves in its place differs from machine to machine.
    found.update({f"{case}.grad.{name}": torch.where(x.grad.abs() < 1e-12, 0.0, x.grad) for name, x in {**inputs, **weights}.items()})
    found.update({f"{case}.out": out, f"{case}.up": up})


# ---- attention ----------------------------------------------------------------------------------------------------------------

def alibi(heads, T, S):
    """What is added to the scores, [heads, T, S]: the slopes as Press et al. 2022 give them (§3), a geometric sequence that begins at 2^(-8/heads)."""
    start = 2 ** (-2 ** -(np.log2(heads) - 3))
    slopes = torch.tensor([start * start ** h for h in range(heads)], dtype=torch.float64)
    return -slopes[:, None, None] * (torch.arange(T)[:, None] - torch.arange(S)[None, :]).abs()


def attend(weights, x, memory, allowed, bias, heads):
    """PyTorch's multi-head attention; grouped keys and values are repeated. Rows of `allowed` must have something to attend to."""
    d = x.shape[-1]
    repeat = lambda w, axis: w.repeat_interleave(heads // w.shape[axis], axis)
    flat = lambda w: repeat(w, 1).reshape(d, d).T
    offset = [weights[b] if b == "bias_q" else repeat(weights[b], 0) for b in ("bias_q", "bias_k", "bias_v")] if "bias_q" in weights else []
    mask = ~allowed if bias is None else bias.masked_fill(~allowed, -torch.inf)
    y, _ = F.multi_head_attention_forward(
        x.transpose(0, 1), memory.transpose(0, 1), memory.transpose(0, 1), d, heads,
        torch.cat([flat(weights[w]) for w in ("wq", "wk", "wv")]), torch.cat([b.reshape(d) for b in offset]) if offset else None,
        None, None, False, 0.0, weights["wo"].reshape(d, d).T, weights.get("bias_o"), attn_mask=mask, need_weights=False)
    return y.transpose(0, 1)


def attention(case, rng, heads=4, kv_heads=None, head=2, T=5, S=None, causal=False, keep=None, window=0, biased=True, distant=False, examples=2):
    kv_heads, d = kv_heads or heads, heads * head
    x = real(rng, examples, T, d)
    memory = x if S is None else real(rng, examples, S, d)
    sides = {"wq": (d, heads, head), "wk": (d, kv_heads, head), "wv": (d, kv_heads, head), "wo": (heads, head, d)}
    offsets = {"bias_q": (heads, head), "bias_k": (kv_heads, head), "bias_v": (kv_heads, head), "bias_o": (d,)}
    weights = {name: real(rng, *shape, scale=d ** -0.5) for name, shape in sides.items()}
    if biased:
        weights.update({name: real(rng, *shape, scale=0.3) for name, shape in offsets.items()})

    t, s = torch.arange(T)[:, None], torch.arange(S or T)[None, :]
    allowed = (s <= t) if causal else torch.ones(T, S or T, dtype=torch.bool)
    if window:
        allowed = allowed & ((t - s).abs() < window)
    bias = alibi(heads, T, S or T) if distant else None
    rows = []
    for b in range(examples):  # a row with nothing to attend to mixes nothing: what is left of it is the output's bias
        here = allowed if keep is None else allowed & torch.tensor(keep[b], dtype=torch.bool)[None, :]
        some = here.any(1)
        y = weights["bias_o"].expand(T, d) if biased else torch.zeros(T, d, dtype=torch.float64)
        if some.any():
            y = y.index_put((some.nonzero()[:, 0],), attend(weights, x[b:b + 1, some], memory[b:b + 1], here[some], bias if bias is None else bias[:, some], heads)[0])
        rows.append(y)
    given = {} if keep is None else {"keep": np.array(keep, dtype=bool)}
    record(case, rng, {"x": x} if S is None else {"x": x, "memory": memory}, weights, torch.stack(rows), given)


def attentions(rng):
    attention("attention.plain", rng)
    attention("attention.unbiased", rng, biased=False)
    attention("attention.causal", rng, causal=True)
    attention("attention.window", rng, causal=True, window=2)
    attention("attention.cross", rng, S=7)
    attention("attention.grouped", rng, kv_heads=2)
    attention("attention.one_key_head", rng, kv_heads=1, causal=True)
    attention("attention.grouped_cross", rng, kv_heads=2, S=3, keep=[[1, 1, 0], [1, 1, 1]])
    attention("attention.padded", rng, keep=[[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])
    attention("attention.fully_masked", rng, examples=3, keep=[[1, 1, 0, 1, 0], [0] * 5, [1] * 5])
    attention("attention.causal_masked", rng, causal=True, keep=[[0, 0, 1, 1, 1], [1, 0, 1, 1, 0]])  # first rows of the first example are empty
    attention("attention.window_both", rng, T=7, window=3, keep=[[1, 1, 0, 1, 1, 0, 0], [1] * 7])
    attention("attention.alibi", rng, causal=True, distant=True)
    attention("attention.alibi_both", rng, head=1, heads=8, distant=True, keep=[[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])


# ---- the other layers and losses ----------------------------------------------------------------------------------------------

def layers(rng):
    x, gain, bias = real(rng, 3, 4, 9), real(rng, 9), real(rng, 9)
    record("layer_norm", rng, {"x": x}, {"gain": gain, "bias": bias}, F.layer_norm(x, (9,), gain, bias, 1e-5))

    x, gain = real(rng, 3, 4, 9), real(rng, 9)
    record("rms_norm", rng, {"x": x}, {"gain": gain}, x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * gain)

    for name, act in {"relu": F.relu, "gelu": F.gelu, "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu,
                      "sigmoid": torch.sigmoid, "softplus": F.softplus, "softmax": lambda x: F.softmax(x, -1)}.items():
        x = real(rng, 4, 13, scale=3.0)
        record(name, rng, {"x": x}, {}, act(x))

    for name, act, gated in (("feed_relu", F.relu, False), ("feed_gelu", F.gelu, False), ("feed_swiglu", F.silu, True)):
        x = real(rng, 2, 5, 6)
        weights = {f"{part}.{field}": real(rng, *shape, scale=0.5) for part in (("up", "down", "gate") if gated else ("up", "down"))
                   for field, shape in {"weight": (10, 6) if part == "down" else (6, 10), "bias": (6,) if part == "down" else (10,)}.items()}
        apply = lambda part, x: F.linear(x, weights[f"{part}.weight"].T, weights[f"{part}.bias"])
        hidden = act(apply("gate", x)) * apply("up", x) if gated else act(apply("up", x))
        record(name, rng, {"x": x}, weights, apply("down", hidden))

    ids, table = rng.integers(0, 11, (3, 5)), real(rng, 11, 6)
    ids[0, :3] = 4  # thrice the same row: its gradients add up
    record("embedding", rng, {}, {"table": table}, F.embedding(torch.tensor(ids), table), {"ids": ids})

    x, table = real(rng, 2, 3, 6), real(rng, 11, 6)
    record("embedding_logits", rng, {"x": x}, {"table": table}, F.linear(x, table))

    for name, smoothing, kept in (("cross_entropy", 0.0, None), ("cross_entropy_smoothed", 0.1, None), ("cross_entropy_padded", 0.1, 0.6)):
        x, target = real(rng, 3, 5, 11, scale=2.0), rng.integers(0, 11, (3, 5))
        keep = np.ones((3, 5), bool) if kept is None else rng.random((3, 5)) < kept
        wanted = torch.tensor(np.where(keep, target, -100))
        loss = F.cross_entropy(x.transpose(1, 2), wanted, label_smoothing=smoothing, ignore_index=-100)
        record(name, rng, {"logits": x}, {}, loss, {"target": target, "keep": keep})

    x, y = real(rng, 3, 4, scale=3.0), torch.tensor(rng.random((3, 4)).astype(np.float32), dtype=torch.float64, requires_grad=True)
    with torch.no_grad():
        x[0, :2], y[0, :2] = torch.tensor([60.0, -60.0]), torch.tensor([0.0, 1.0])  # wrong by so much that a sigmoid rounds to 0 or 1
    record("binary_cross_entropy", rng, {"x": x, "y": y}, {}, F.binary_cross_entropy_with_logits(x, y))

    x, y, keep = real(rng, 3, 4), real(rng, 3, 4), rng.random((3, 4)) < 0.6
    record("mse", rng, {"x": x, "y": y}, {}, F.mse_loss(x[torch.tensor(keep)], y[torch.tensor(keep)]), {"keep": keep})


def main():
    torch.set_num_threads(1)
    attentions(np.random.default_rng(8))
    layers(np.random.default_rng(9))
    to_disk(HERE / "ops.safetensors", found)
    bad = [name for name, x in found.items() if not np.isfinite(np.asarray(x.detach() if hasattr(x, "detach") else x)).all()]
    print(f"{len(found)} tensors; not finite: {bad or 'none'}")


if __name__ == "__main__":
    main()
