"""Mixtral (Jiang et al. 2024), two experts of four for each token, expert by expert: what examples/moe/model.tfm must compute.

And one layer of such experts alone, each of which takes so many tokens of a sequence and no more (Fedus et al. 2021, §2.2).
"""
import math

import torch
from torch.nn import functional as F

from families import linear, record, under
from llama import D, FF, GROUPS, HEAD, HEADS, LAYERS, VOCAB, attention, rms_norm, text

EXPERTS, CHOSEN, BALANCE = 4, 2, 0.01

SHAPES = {"embed.table": (VOCAB, D), "norm.gain": (D,), "output.weight": (D, VOCAB)}
for layer in range(LAYERS):
    SHAPES.update(under(f"blocks.{layer}", {
        "attend.wq": (D, HEADS, HEAD), "attend.wk": (D, GROUPS, HEAD), "attend.wv": (D, GROUPS, HEAD), "attend.wo": (HEADS, HEAD, D),
        "feed.gate": (D, EXPERTS), "feed.side": (EXPERTS, D, FF), "feed.up": (EXPERTS, D, FF), "feed.down": (EXPERTS, FF, D),
        "norm1.gain": (D,), "norm2.gain": (D,)}))


def mixture(w, prefix, x, most=None):
    """
    Each expert is a SwiGLU over the tokens that chose it, of each sequence over the first `most`; beside the sum, the load-balancing
    loss (Fedus et al. 2021, eq. 4, for two choices), in which the others count as well.
    """
    side, up, down = (w[f"{prefix}.{name}"] for name in ("side", "up", "down"))
    tokens = x.flatten(0, 1)
    prob = (tokens @ w[f"{prefix}.gate"]).softmax(-1)
    best, choice = prob.topk(CHOSEN)
    share = best / best.sum(-1, keepdim=True)
    y = torch.zeros_like(tokens)
    for expert in range(EXPERTS):
        row, nth = torch.where(choice == expert)
        if most is not None:
            sequence = row // x.shape[1]
            early = torch.cat([torch.where(sequence == b)[0][:most] for b in range(x.shape[0])])
            row, nth = row[early], nth[early]
        mine = tokens[row]
        y = y.index_add(0, row, share[row, nth, None] * ((F.silu(mine @ side[expert]) * (mine @ up[expert])) @ down[expert]))
    used = F.one_hot(choice, EXPERTS).sum(1).to(x.dtype).mean(0) / CHOSEN
    return y.view_as(x), EXPERTS * (used * prob.mean(0)).sum()


def compute(w, batch):
    x, balance = F.embedding(batch["ids"], w["embed.table"]), 0
    for layer in range(LAYERS):
        at = f"blocks.{layer}"
        x = x + attention(w, f"{at}.attend", rms_norm(w, f"{at}.norm1", x))
        y, one = mixture(w, f"{at}.feed", rms_norm(w, f"{at}.norm2", x))
        x, balance = x + y, balance + one / LAYERS
    logits = linear(w, "output", rms_norm(w, "norm", x))
    return {"loss": F.cross_entropy(logits.flatten(0, 1), batch["next"].flatten()) + BALANCE * balance, "forward": logits}


SLACK = 0.75
ALONE = {"embed.table": (VOCAB, D), "output.weight": (D, VOCAB),
         **under("feed", {"gate": (D, EXPERTS), "side": (EXPERTS, D, FF), "up": (EXPERTS, D, FF), "down": (EXPERTS, FF, D)})}


def compute_alone(w, batch):
    """The loss is training's, where an expert has its limit; `forward` is not, and has none."""
    ids = batch["ids"]
    most = math.ceil(SLACK * CHOSEN * ids.shape[1] / EXPERTS)
    x = F.embedding(ids, w["embed.table"])
    logits = lambda y: linear(w, "output", x + y)
    (y, balance), (unlimited, _) = mixture(w, "feed", x, most), mixture(w, "feed", x)
    assert not torch.allclose(y, unlimited), "every expert has room for all that chose it"
    return {"loss": F.cross_entropy(logits(y).flatten(0, 1), batch["next"].flatten()) + BALANCE * balance, "forward": logits(unlimited)}


if __name__ == "__main__":
    record("moe", SHAPES, 4, text, compute, vocab=VOCAB, d=D, heads=HEADS, kv_heads=GROUPS, ff=FF, layers=LAYERS, experts=EXPERTS)
    record("moe-slack", ALONE, 4, text, compute_alone, vocab=VOCAB, d=D, ff=FF, experts=EXPERTS, slack=SLACK)
