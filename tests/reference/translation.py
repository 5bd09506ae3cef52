"""The numbers that the encoder-decoder of examples/translation/model.tfm must reproduce, from PyTorch's own layers.

Everything that PyTorch has is taken from it (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer, F.cross_entropy with label
smoothing, torch.optim.Adam): only the layout of the weights is ours. Runs on the CPU, in f64; what is written is rounded to f32.
"""
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.stateless import functional_call

from tensors import distance, to_disk

HERE = pathlib.Path(__file__).parent
VOCAB, D, HEADS, FF, LAYERS, PAD, START, END = 37, 16, 2, 24, 2, 0, 1, 2
SMOOTHING, CLIP = 0.1, 1.0


# ---- weights: name -> shape as the model declares them ----------------------------------------------------------------------

def shapes(pre):
    head = D // HEADS
    norm = {"gain": (D,), "bias": (D,)}
    attention = {"wq": (D, HEADS, head), "wk": (D, HEADS, head), "wv": (D, HEADS, head), "wo": (HEADS, head, D),
                 "bias_q": (HEADS, head), "bias_k": (HEADS, head), "bias_v": (HEADS, head), "bias_o": (D,)}
    feed = {"up.weight": (D, FF), "up.bias": (FF,), "down.weight": (FF, D), "down.bias": (D,)}
    encoder = {"attend": attention, "feed": feed, "norm1": norm, "norm2": norm}
    decoder = {"attend": attention, "cross": attention, "feed": feed, "norm1": norm, "norm2": norm, "norm3": norm}
    found = {"embed.table": (VOCAB, D)}
    for side, parts in (("encoder", encoder), ("decoder", decoder)):
        for layer in range(LAYERS):
            for part, fields in parts.items():
                found.update({f"{side}.{layer}.{part}.{field}": shape for field, shape in fields.items()})
    if pre:
        found.update({f"{name}.{field}": shape for name in ("norm1", "norm2") for field, shape in norm.items()})
    return found


def initial(pre, rng):
    """Every weight random, gains and biases too, so that none of them can be forgotten unnoticed."""
    weights = {}
    for name, shape in shapes(pre).items():
        noise = rng.standard_normal(shape)
        field = name.split(".")[-1]
        if field == "gain":
            value = 1 + 0.2 * noise
        elif "bias" in field:
            value = 0.2 * noise
        else:
            value = noise * (D ** -0.5)
        weights[name] = value.astype(np.float32)
    return weights


# ---- the model ----------------------------------------------------------------------------------------------------------------

def torch_layer(weights, prefix, cross):
    """Our weights under PyTorch's names: its matrices are [out, in], its q, k and v stand in one matrix."""
    flat = lambda w: w.reshape(D, D).T
    names = {"attend": "self_attn", "cross": "multihead_attn"}
    found = {}
    for ours in ("attend", "cross") if cross else ("attend",):
        theirs, get = names[ours], lambda field: weights[f"{prefix}.{ours}.{field}"]
        found[f"{theirs}.in_proj_weight"] = torch.cat([flat(get(w)) for w in ("wq", "wk", "wv")])
        found[f"{theirs}.in_proj_bias"] = torch.cat([get(b).reshape(D) for b in ("bias_q", "bias_k", "bias_v")])
        found[f"{theirs}.out_proj.weight"] = flat(get("wo"))
        found[f"{theirs}.out_proj.bias"] = get("bias_o")
    for theirs, ours in (("linear1", "up"), ("linear2", "down")):
        found[f"{theirs}.weight"] = weights[f"{prefix}.feed.{ours}.weight"].T
        found[f"{theirs}.bias"] = weights[f"{prefix}.feed.{ours}.bias"]
    for norm in ("norm1", "norm2", "norm3") if cross else ("norm1", "norm2"):
        found[f"{norm}.weight"] = weights[f"{prefix}.{norm}.gain"]
        found[f"{norm}.bias"] = weights[f"{prefix}.{norm}.bias"]
    return found


def sinusoid(length, dtype):
    """Vaswani et al. 2017, section 3.5."""
    t, pair = np.arange(length)[:, None], np.arange(0, D, 2)[None, :]
    table = np.zeros((length, D))
    table[:, 0::2] = np.sin(t / 10000 ** (pair / D))
    table[:, 1::2] = np.cos(t / 10000 ** (pair / D))
    return torch.tensor(table, dtype=dtype)


def logits(weights, pre, source, target):
    table = weights["embed.table"]
    place = lambda ids: F.embedding(ids, table) * D ** 0.5 + sinusoid(ids.shape[1], table.dtype)
    norm = lambda name, x: F.layer_norm(x, (D,), weights[f"{name}.gain"], weights[f"{name}.bias"]) if pre else x
    settings = dict(dim_feedforward=FF, dropout=0.0, batch_first=True, norm_first=pre, dtype=table.dtype)
    encoder, decoder = nn.TransformerEncoderLayer(D, HEADS, **settings), nn.TransformerDecoderLayer(D, HEADS, **settings)
    padding = source == PAD

    memory = place(source)
    for layer in range(LAYERS):
        memory = functional_call(encoder, torch_layer(weights, f"encoder.{layer}", False), memory, dict(src_key_padding_mask=padding))
    memory = norm("norm1", memory)

    length = target.shape[1]
    future = torch.ones(length, length, dtype=torch.bool).triu(1)
    x = place(target)
    for layer in range(LAYERS):
        x = functional_call(decoder, torch_layer(weights, f"decoder.{layer}", True), (x, memory),
                            dict(tgt_mask=future, memory_key_padding_mask=padding))
    return norm("norm2", x) @ table.T


def loss_of(weights, pre, batch):
    y = logits(weights, pre, batch["source"], batch["target"])
    return y, F.cross_entropy(y.transpose(1, 2), batch["next"], ignore_index=PAD, label_smoothing=SMOOTHING)


# ---- batches and training -----------------------------------------------------------------------------------------------------

def batch_of(rng, examples, S, T):
    """Rows of different lengths, the first as long as the batch; ids 3 and up, then `PAD`; `next` is `target` one later, up to `END`."""
    source, target, following = (np.full((examples, n), PAD) for n in (S, T, T))
    for row in range(examples):
        s = S if row == 0 else int(rng.integers(1, S + 1))
        t = T if row == 0 else int(rng.integers(1, T + 1))
        words = rng.integers(3, VOCAB, t - 1)
        source[row, :s] = rng.integers(3, VOCAB, s)
        target[row, :t] = [START, *words]
        following[row, :t] = [*words, END]
    return {"source": torch.tensor(source), "target": torch.tensor(target), "next": torch.tensor(following)}


RUNS = {  # optimizer, learning rate at a step counted from 1
    "constant": (lambda w: torch.optim.Adam(w, lr=1.0, betas=(0.9, 0.98), eps=1e-9), lambda step: 1e-3),
    "linear": (lambda w: torch.optim.Adam(w, lr=1.0, betas=(0.9, 0.98), eps=1e-9), lambda step: 2e-3 * (1 - step / 12)),
    "noam": (lambda w: torch.optim.Adam(w, lr=1.0, betas=(0.9, 0.98), eps=1e-9), lambda step: D ** -0.5 * min(step ** -0.5, step * 4 ** -1.5) * 0.05),
    "sgd": (lambda w: torch.optim.SGD(w, lr=1.0, momentum=0.9), lambda step: 0.05),
}


def train(initial_weights, pre, batches, make, rate, dtype):
    """Loss and norm of the whole gradient before clipping, at each step."""
    weights = {name: torch.tensor(value, dtype=dtype, requires_grad=True) for name, value in initial_weights.items()}
    optimizer = make(list(weights.values()))
    losses, norms = [], []
    for step, batch in enumerate(batches, 1):
        optimizer.zero_grad()
        _, loss = loss_of(weights, pre, batch)
        loss.backward()
        norm = torch.sqrt(sum((w.grad ** 2).sum() for w in weights.values()))
        for w in weights.values():
            w.grad *= min(1.0, CLIP / norm.item())
        optimizer.param_groups[0]["lr"] = rate(step)
        optimizer.step()
        losses.append(loss.item())
        norms.append(norm.item())
    return np.array(losses), np.array(norms)


def gradients(initial_weights, pre, batch, dtype):
    weights = {name: torch.tensor(value, dtype=dtype, requires_grad=True) for name, value in initial_weights.items()}
    y, loss = loss_of(weights, pre, batch)
    loss.backward()
    return y, loss, {name: w.grad for name, w in weights.items()}


def main():
    torch.set_num_threads(1)
    lengths = [(7, 6), (5, 8), (9, 4), (3, 3), (8, 9), (1, 5), (6, 1), (4, 7), (10, 10), (2, 2)]
    for pre in (True, False):
        # Seeds with sizeable gradients: bias_k has none (the softmax cancels it), and the rounding seen in its place is measured against the largest.
        rng = np.random.default_rng(12 if pre else 2)
        weights = initial(pre, rng)
        batch = batch_of(rng, 3, 7, 6)
        steps = [batch_of(rng, 3, S, T) for S, T in lengths]
        y, loss, grads = gradients(weights, pre, batch, torch.float64)
        expected = {f"batch.{field}": ids for field, ids in batch.items()}
        expected.update({f"step.{n}.{field}": ids for n, b in enumerate(steps, 1) for field, ids in b.items()})
        expected.update({"logits": y, "loss": loss})
        _, loss32, grads32 = gradients(weights, pre, batch, torch.float32)
        name = "pre" if pre else "post"
        print(f"{name}: {len(weights)} tensors, {sum(w.size for w in weights.values())} numbers, loss {loss.item():.6f}")
        print(f"  f32 against f64: loss {abs(loss32.item() - loss.item()) / loss.item():.1e}, gradients {distance(grads32, grads):.1e}")
        for run, (make, rate) in RUNS.items():
            losses, norms = train(weights, pre, steps, make, rate, torch.float64)
            losses32, norms32 = train(weights, pre, steps, make, rate, torch.float32)
            expected.update({f"{run}.loss": losses, f"{run}.grad_norm": norms})
            apart = lambda a, b: float(np.abs(a / b - 1).max())
            print(f"  {run}: {losses[0]:.4f} .. {losses[-1]:.4f}, norms {norms.min():.2f} .. {norms.max():.2f};"
                  f" f32 apart {apart(losses32, losses):.1e}, {apart(norms32, norms):.1e}")
        notes = dict(vocab=VOCAB, d=D, heads=HEADS, ff=FF, layers=LAYERS, pre=str(pre).lower(), smoothing=SMOOTHING, clip=CLIP)
        to_disk(HERE / f"translation-{name}-weights.safetensors", weights, **notes)
        settled = {name: torch.where(g.abs() < 1e-12, 0.0, g) for name, g in grads.items()}  # bias_k: what rounding left, other on each machine
        to_disk(HERE / f"translation-{name}-gradients.safetensors", settled, **notes)
        to_disk(HERE / f"translation-{name}-expected.safetensors", expected, **notes)


if __name__ == "__main__":
    main()
