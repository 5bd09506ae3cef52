"""Bahdanau et al. 2015 out of PyTorch's cells: what examples/rnn/model.tfm must compute.

With LSTM cells; with three layers of GRUs and no attention; with three layers of plain cells that read forwards alone.
"""
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.nn.utils.stateless import functional_call

from families import linear, linear_shapes, padded, record, under

VOCAB, D, N = 17, 8, 6
CELL = {"lstm": (nn.LSTM, nn.LSTMCell), "gru": (nn.GRU, nn.GRUCell), "plain": (nn.RNN, nn.RNNCell)}
BOTH, FORWARDS = ("there.", "back."), ("",)  # where the cells of a layer of the encoder stand


def cell_shapes(kind, d, n):
    if kind == "gru":
        return {"wx": (3, d, n), "wh": (3, n, n), "bias_x": (3, n), "bias_h": (3, n)}
    if kind == "plain":
        return {"wx": (d, n), "wh": (n, n), "bias": (n,)}
    return {"wx": (4, d, n), "wh": (4, n, n), "bias": (4, n)}


def shapes(kind, layers, ways, attends):
    m = len(ways) * N
    found = {"embed.table": (VOCAB, D), **under("bridge", linear_shapes(m, N))}
    for layer in range(layers):
        for way in ways:
            found.update(under(f"encoder.{layer}.{way}cell1", cell_shapes(kind, m if layer else D, N)))
    if attends:
        found.update({"attend.wq": (N, N), "attend.wk": (m, N), "attend.v": (N,)})
    found.update(under("lowest", cell_shapes(kind, D + m if attends else D, N)))
    seen = N + m if attends else N
    for layer in range(layers - 1):
        found.update(under(f"above.{layer}.cell1", cell_shapes(kind, N if layer else seen, N)))
    return {**found, **under("output", linear_shapes(N if layers > 1 else seen, VOCAB))}


def matrices(w, prefix, suffix=""):
    """Ours are [gate, in, out], or [in, out] of a plain cell, PyTorch's [gate * out, in]; the second bias is 0 but in a GRU."""
    flat = lambda name: w[f"{prefix}.{name}"].transpose(-1, -2).flatten(0, -2)
    if f"{prefix}.bias" in w:
        bias = w[f"{prefix}.bias"].flatten()
        biases = bias, torch.zeros_like(bias)
    else:
        biases = w[f"{prefix}.bias_x"].flatten(), w[f"{prefix}.bias_h"].flatten()
    return {f"weight_ih{suffix}": flat("wx"), f"weight_hh{suffix}": flat("wh"), f"bias_ih{suffix}": biases[0], f"bias_hh{suffix}": biases[1]}


def along(kind, w, x, prefixes):
    """One layer over a sequence or a packed one, in both directions where there are two prefixes: PyTorch's results."""
    weights = {}
    for prefix, suffix in zip(prefixes, ("_l0", "_l0_reverse")):
        weights.update(matrices(w, prefix, suffix))
    n, d = weights["weight_hh_l0"].shape[1], weights["weight_ih_l0"].shape[1]
    layer = CELL[kind][0](d, n, batch_first=True, bidirectional=len(prefixes) == 2, dtype=weights["weight_hh_l0"].dtype)
    layer._flat_weights = [weights[name] for name in layer._flat_weights_names]
    states, last = layer(x)
    return states, last[0] if kind == "lstm" else last


def encode(kind, layers, ways, w, source):
    keep = source != 0
    x = pack_padded_sequence(F.embedding(source, w["embed.table"]), keep.sum(1), batch_first=True, enforce_sorted=False)
    for layer in range(layers):
        x, h = along(kind, w, x, [f"encoder.{layer}.{way}cell1" for way in ways])
    return pad_packed_sequence(x, batch_first=True)[0], torch.tanh(linear(w, "bridge", torch.cat(list(h), 1))), keep


def decode(kind, layers, w, target, memory, h, keep):
    word, weights, seen = F.embedding(target, w["embed.table"]), matrices(w, "lowest"), []
    attends, state = "attend.wq" in w, (h, torch.zeros_like(h))
    cell = CELL[kind][1](weights["weight_ih"].shape[1], N, dtype=h.dtype)
    for t in range(target.shape[1]):
        now = [word[:, t]]
        if attends:
            score = torch.tanh((state[0] @ w["attend.wq"])[:, None] + memory @ w["attend.wk"]) @ w["attend.v"]
            weight = torch.softmax(score.masked_fill(~keep, -torch.inf), 1)
            now.append(torch.einsum("bs,bsi->bi", weight, memory))
        result = functional_call(cell, weights, (torch.cat(now, 1), state if kind == "lstm" else state[0]))
        state = result if kind == "lstm" else (result, state[1])
        seen.append(torch.cat([state[0], *now[1:]], 1))
    x = torch.stack(seen, 1)
    for layer in range(layers - 1):
        x, _ = along(kind, w, x, [f"above.{layer}.cell1"])
    return linear(w, "output", x)


def pairs(rng, examples=3):
    source, following = padded(rng, examples, 5, 3, VOCAB), padded(rng, examples, 4, 3, VOCAB)
    target = torch.cat([torch.ones(examples, 1, dtype=torch.int64), following[:, :-1]], 1)
    return {"source": source, "target": target, "next": following}


def write(name, seed, kind, layers, ways, attends):
    def compute(w, batch):
        logits = decode(kind, layers, w, batch["target"], *encode(kind, layers, ways, w, batch["source"]))
        return {"loss": F.cross_entropy(logits.flatten(0, 1), batch["next"].flatten(), ignore_index=0), "forward": logits}

    record(name, shapes(kind, layers, ways, attends), seed, pairs, compute, vocab=VOCAB, d=D, n=N, layers=layers)


if __name__ == "__main__":
    write("rnn", 11, "lstm", 1, BOTH, attends=True)
    write("rnn-stacked", 12, "gru", 3, BOTH, attends=False)
    write("rnn-plain", 13, "plain", 3, FORWARDS, attends=True)
