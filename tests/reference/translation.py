"""The numbers that the encoder-decoder of examples/translation/model.tfm must reproduce, from PyTorch's own layers.

Everything that PyTorch has is taken from it (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer, F.cross_entropy with label
smoothing, torch.optim.Adam): only the layout of the weights is ours. Runs on the CPU, in f64; what is written is rounded to f32.
"""
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.stateless import functional_call

from families import HERE, attention_shapes, block_shapes, initial, layer_norm, norm_shapes, record, under
from tensors import to_disk

VOCAB, D, HEADS, FF, LAYERS, PAD, START, END = 37, 16, 2, 24, 2, 0, 1, 2
SMOOTHING, CLIP = 0.1, 1.0


def shapes(pre, tied):
    found = {"embed.table": (VOCAB, D)}
    for layer in range(LAYERS):
        found.update(under(f"encoder.{layer}", block_shapes(D, HEADS, FF)))
        found.update(under(f"decoder.{layer}", block_shapes(D, HEADS, FF)))
        found.update(under(f"decoder.{layer}", {**under("cross", attention_shapes(D, HEADS)), **under("norm3", norm_shapes(D))}))
    if pre:
        found.update({**under("norm1", norm_shapes(D)), **under("norm2", norm_shapes(D))})
    return found if tied else {**found, "head.table": (VOCAB, D)}


# ---- the model ----------------------------------------------------------------------------------------------------------------

def torch_layer(w, prefix, cross):
    """Our weights under PyTorch's names: its matrices are [out, in], its q, k and v stand in one matrix."""
    flat = lambda weight: weight.reshape(D, D).T
    names = {"attend": "self_attn", "cross": "multihead_attn"}
    found = {}
    for ours in ("attend", "cross") if cross else ("attend",):
        theirs, get = names[ours], lambda field: w[f"{prefix}.{ours}.{field}"]
        found[f"{theirs}.in_proj_weight"] = torch.cat([flat(get(name)) for name in ("wq", "wk", "wv")])
        found[f"{theirs}.in_proj_bias"] = torch.cat([get(name).reshape(D) for name in ("bias_q", "bias_k", "bias_v")])
        found[f"{theirs}.out_proj.weight"] = flat(get("wo"))
        found[f"{theirs}.out_proj.bias"] = get("bias_o")
    for theirs, ours in (("linear1", "up"), ("linear2", "down")):
        found[f"{theirs}.weight"] = w[f"{prefix}.feed.{ours}.weight"].T
        found[f"{theirs}.bias"] = w[f"{prefix}.feed.{ours}.bias"]
    for norm in ("norm1", "norm2", "norm3") if cross else ("norm1", "norm2"):
        found[f"{norm}.weight"] = w[f"{prefix}.{norm}.gain"]
        found[f"{norm}.bias"] = w[f"{prefix}.{norm}.bias"]
    return found


def sinusoid(length, dtype):
    """Vaswani et al. 2017, section 3.5."""
    t, pair = np.arange(length)[:, None], np.arange(0, D, 2)[None, :]
    table = np.zeros((length, D))
    table[:, 0::2] = np.sin(t / 10000 ** (pair / D))
    table[:, 1::2] = np.cos(t / 10000 ** (pair / D))
    return torch.tensor(table, dtype=dtype)


def logits(w, source, target):
    """[B, T, VOCAB]. The norms stand before the branches where the weights have norms at the ends, and one table serves all without a second."""
    table, pre = w["embed.table"], "norm1.gain" in w
    place = lambda ids: F.embedding(ids, table) * D ** 0.5 + sinusoid(ids.shape[1], table.dtype)
    settings = dict(dim_feedforward=FF, dropout=0.0, batch_first=True, norm_first=pre, dtype=table.dtype)
    encoder, decoder = nn.TransformerEncoderLayer(D, HEADS, **settings), nn.TransformerDecoderLayer(D, HEADS, **settings)
    padding = source == PAD

    memory = place(source)
    for layer in range(LAYERS):
        memory = functional_call(encoder, torch_layer(w, f"encoder.{layer}", False), memory, dict(src_key_padding_mask=padding))
    memory = layer_norm(w, "norm1", memory) if pre else memory

    length = target.shape[1]
    future = torch.ones(length, length, dtype=torch.bool).triu(1)
    x = place(target)
    for layer in range(LAYERS):
        x = functional_call(decoder, torch_layer(w, f"decoder.{layer}", True), (x, memory),
                            dict(tgt_mask=future, memory_key_padding_mask=padding))
    return (layer_norm(w, "norm2", x) if pre else x) @ w.get("head.table", table).T


def compute(w, batch):
    y = logits(w, batch["source"], batch["target"])
    return {"loss": F.cross_entropy(y.transpose(1, 2), batch["next"], ignore_index=PAD, label_smoothing=SMOOTHING), "forward": y}


# ---- batches and training -----------------------------------------------------------------------------------------------------

def batch_of(rng, examples=3, S=7, T=6):
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


LENGTHS = [(7, 6), (5, 8), (9, 4), (3, 3), (8, 9), (1, 5), (6, 1), (4, 7), (10, 10), (2, 2)]
RUNS = {  # optimizer, learning rate at a step counted from 1
    "constant": (lambda w: torch.optim.Adam(w, lr=1.0, betas=(0.9, 0.98), eps=1e-9), lambda step: 1e-3),
    "linear": (lambda w: torch.optim.Adam(w, lr=1.0, betas=(0.9, 0.98), eps=1e-9), lambda step: 2e-3 * (1 - step / 12)),
    "noam": (lambda w: torch.optim.Adam(w, lr=1.0, betas=(0.9, 0.98), eps=1e-9), lambda step: D ** -0.5 * min(step ** -0.5, step * 4 ** -1.5) * 0.05),
    "sgd": (lambda w: torch.optim.SGD(w, lr=1.0, momentum=0.9), lambda step: 0.05),
}


def train(weights, batches, make, rate, dtype):
    """Loss and norm of the whole gradient before clipping, at each step."""
    leaves = {path: torch.tensor(value, dtype=dtype, requires_grad=True) for path, value in weights.items()}
    optimizer = make(list(leaves.values()))
    losses, norms = [], []
    for step, batch in enumerate(batches, 1):
        optimizer.zero_grad()
        loss = compute(leaves, batch)["loss"]
        loss.backward()
        norm = torch.sqrt(sum((leaf.grad ** 2).sum() for leaf in leaves.values()))
        for leaf in leaves.values():
            leaf.grad *= min(1.0, CLIP / norm.item())
        optimizer.param_groups[0]["lr"] = rate(step)
        optimizer.step()
        losses.append(loss.item())
        norms.append(norm.item())
    return np.array(losses), np.array(norms)


def record_training(name, shapes, seed):
    """Writes NAME-training.safetensors, of training that begins at the weights of NAME.safetensors."""
    rng = np.random.default_rng(seed)
    weights = initial(shapes, rng)
    batches = [batch_of(rng, 3, S, T) for S, T in LENGTHS]
    found = {f"step.{step}.{field}": ids for step, batch in enumerate(batches, 1) for field, ids in batch.items()}
    apart = lambda a, b: float(np.abs(a / b - 1).max())
    for run, (make, rate) in RUNS.items():
        losses, norms = train(weights, batches, make, rate, torch.float64)
        losses32, norms32 = train(weights, batches, make, rate, torch.float32)
        found.update({f"{run}.loss": losses, f"{run}.grad_norm": norms})
        print(f"  {run}: {losses[0]:.4f} .. {losses[-1]:.4f}, norms {norms.min():.2f} .. {norms.max():.2f};"
              f" f32 apart {apart(losses32, losses):.1e}, {apart(norms32, norms):.1e}")
    to_disk(HERE / f"{name}-training.safetensors", found, clip=CLIP)


if __name__ == "__main__":
    for name, seed, pre, tied in (("translation-post", 3, False, True), ("translation-pre", 11, True, True), ("translation-untied", 2, True, False)):
        record(name, shapes(pre, tied), seed, batch_of, compute, vocab=VOCAB, d=D, heads=HEADS, ff=FF, layers=LAYERS, smoothing=SMOOTHING)
        if tied:
            record_training(name, shapes(pre, tied), seed)
