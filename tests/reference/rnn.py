"""Bahdanau et al. 2015 with LSTM cells, out of PyTorch's: what examples/rnn/model.tfm must compute."""
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.nn.utils.stateless import functional_call

from families import linear, linear_shapes, padded, record, under

VOCAB, D, N = 17, 8, 6


def cell_shapes(d, n):
    return {"wx": (4, d, n), "wh": (4, n, n), "bias": (4, n)}


SHAPES = {"embed.table": (VOCAB, D), **under("there.cell1", cell_shapes(D, N)), **under("back.cell1", cell_shapes(D, N)),
          **under("bridge", linear_shapes(N, N)), "attend.wq": (N, N), "attend.wk": (2 * N, N), "attend.v": (N,),
          **under("cell1", cell_shapes(D + 2 * N, N)), **under("output", linear_shapes(3 * N, VOCAB))}


def matrices(w, prefix, suffix=""):
    """Ours are [gate, in, out], PyTorch's [gate * out, in]; its second bias is 0."""
    flat = lambda name: w[f"{prefix}.{name}"].transpose(1, 2).flatten(0, 1)
    bias = w[f"{prefix}.bias"].flatten()
    return {f"weight_ih{suffix}": flat("wx"), f"weight_hh{suffix}": flat("wh"), f"bias_ih{suffix}": bias, f"bias_hh{suffix}": torch.zeros_like(bias)}


def encode(w, source):
    keep = source != 0
    x = F.embedding(source, w["embed.table"])
    lstm = nn.LSTM(D, N, batch_first=True, bidirectional=True, dtype=x.dtype)
    weights = {**matrices(w, "there.cell1", "_l0"), **matrices(w, "back.cell1", "_l0_reverse")}
    packed = pack_padded_sequence(x, keep.sum(1), batch_first=True, enforce_sorted=False)
    lstm._flat_weights = [weights[name] for name in lstm._flat_weights_names]
    states, (h, _) = lstm(packed)
    return pad_packed_sequence(states, batch_first=True)[0], torch.tanh(linear(w, "bridge", h[1])), keep


def decode(w, target, memory, h, keep):
    word, key, c = F.embedding(target, w["embed.table"]), memory @ w["attend.wk"], torch.zeros_like(h)
    cell, weights, seen = nn.LSTMCell(D + 2 * N, N, dtype=h.dtype), matrices(w, "cell1"), []
    for t in range(target.shape[1]):
        score = torch.tanh((h @ w["attend.wq"])[:, None] + key) @ w["attend.v"]
        weight = torch.softmax(score.masked_fill(~keep, -torch.inf), 1)
        context = torch.einsum("bs,bsi->bi", weight, memory)
        h, c = functional_call(cell, weights, (torch.cat([word[:, t], context], 1), (h, c)))
        seen.append(torch.cat([h, context], 1))
    return linear(w, "output", torch.stack(seen, 1))


def compute(w, batch):
    logits = decode(w, batch["target"], *encode(w, batch["source"]))
    return {"loss": F.cross_entropy(logits.flatten(0, 1), batch["next"].flatten(), ignore_index=0), "forward": logits}


def pairs(rng, examples=3):
    source, following = padded(rng, examples, 5, 3, VOCAB), padded(rng, examples, 4, 3, VOCAB)
    target = torch.cat([torch.ones(examples, 1, dtype=torch.int64), following[:, :-1]], 1)
    return {"source": source, "target": target, "next": following}


if __name__ == "__main__":
    record("rnn", SHAPES, 11, pairs, compute, vocab=VOCAB, d=D, n=N)
