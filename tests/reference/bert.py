"""BERT (Devlin et al. 2019) out of PyTorch's layers, pre-training and five heads: what examples/bert/model.tfm must compute."""
import torch
from torch.nn import functional as F

from families import block, block_shapes, layer_norm, linear, linear_shapes, norm_shapes, padded, record, rotary_attention, self_attention, under

VOCAB, LENGTH, D, HEADS, LAYERS, CLASSES, TAGS, CHOICES, PAD, MASK, SPECIALS = 29, 12, 16, 2, 1, 3, 4, 4, 0, 4, 5

BODY = {"words.table": (VOCAB, D), "segments.table": (2, D), "place.table": (LENGTH, D), **under("norm", norm_shapes(D))}
for layer in range(LAYERS):
    BODY.update(under(f"encoder.{layer}", block_shapes(D, HEADS, 4 * D)))
POOL = under("pool", linear_shapes(D, D))
HEAD = {
    "pretrain": {**POOL, **under("follow", linear_shapes(D, 2)), **under("turn", linear_shapes(D, D)), **under("norm2", norm_shapes(D)), "bias": (VOCAB,)},
    "sentence": {**POOL, **under("judge", linear_shapes(D, CLASSES))},
    "pair": {**POOL, **under("judge", linear_shapes(D, CLASSES))},
    "tag": under("judge", linear_shapes(D, TAGS)),
    "span": under("judge", linear_shapes(D, 2)),
    "choice": {**POOL, **under("judge", linear_shapes(D, 1))},
}


def encode(w, ids, segment, attention=self_attention):
    x = F.embedding(ids, w["words.table"]) + F.embedding(segment, w["segments.table"]) + w["place.table"][:ids.shape[1]]
    x = layer_norm(w, "norm", x)
    for layer in range(LAYERS):
        x = block(w, f"encoder.{layer}", x, F.gelu, pre=False, padding=ids == PAD, attention=attention)
    return x


def pooled(w, x):
    return torch.tanh(linear(w, "pool", x[:, 0]))


def pretrain(w, batch):
    """Masks two of five tokens, at fixed places: one becomes [MASK], one the first word, so that no number need be drawn."""
    ids = batch["ids"]
    place = (torch.arange(ids.shape[0])[:, None] + torch.arange(ids.shape[1])) % 5
    masked, swapped = (place == 1) & (ids != PAD), (place == 3) & (ids != PAD)
    x = encode(w, ids.masked_fill(masked, MASK).masked_fill(swapped, SPECIALS), batch["segment"])
    guess = F.linear(layer_norm(w, "norm2", F.gelu(linear(w, "turn", x))), w["words.table"], w["bias"])
    chosen = masked | swapped
    loss = F.cross_entropy(guess[chosen], ids[chosen]) + F.cross_entropy(linear(w, "follow", pooled(w, x)), batch["follows"])
    return {"loss": loss, "encode": encode(w, ids, batch["segment"])}


def sentence(w, batch):
    """By the mean of the tokens that are there, where the other heads read the first; each third token is hidden, but for the special ones."""
    def judged(ids):
        there = (ids != PAD).float()[..., None]
        mean = (encode(w, ids, batch["segment"]) * there).sum(1) / there.sum(1)
        return linear(w, "judge", torch.tanh(linear(w, "pool", mean)))
    ids = batch["ids"]
    hidden = (torch.arange(ids.shape[1]) % 3 == 0) & (ids >= SPECIALS)
    return {"loss": F.cross_entropy(judged(ids.masked_fill(hidden, MASK)), batch["label"]), "sentence": judged(ids)}


def pair(w, batch):
    y = linear(w, "judge", pooled(w, encode(w, batch["ids"], batch["segment"])))
    return {"loss": F.cross_entropy(y, batch["label"]), "pair": y}


def tag(w, batch, attention=self_attention):
    y = linear(w, "judge", encode(w, batch["ids"], batch["segment"], attention))
    return {"loss": F.cross_entropy(y[batch["scored"]], batch["tag"][batch["scored"]]), "tagging": y}


def rotary(w, batch):
    return tag(w, batch, rotary_attention)


def span(w, batch):
    y = linear(w, "judge", encode(w, batch["ids"], batch["segment"])).transpose(1, 2)
    loss = (F.cross_entropy(y[:, 0], batch["first"]) + F.cross_entropy(y[:, 1], batch["last"])) / 2
    return {"loss": loss, "span": y}


def choice(w, batch):
    """Each choice is read by itself behind its question, and the scores of a question's choices are compared."""
    each = zip(batch["ids"].split(CHOICES), batch["segment"].split(CHOICES))
    y = torch.stack([linear(w, "judge", pooled(w, encode(w, ids, segment)))[:, 0] for ids, segment in each])
    return {"loss": F.cross_entropy(y, batch["label"]), "choice": y}


def sentences(rng, examples=4, length=10):
    """All fields of the four sources; each recipe takes its own."""
    ids = padded(rng, examples, length, SPECIALS, VOCAB)
    whole = lambda high, *shape: torch.tensor(rng.integers(0, high, shape))
    return {"ids": ids, "segment": (torch.arange(length) >= 4).long().expand(examples, length), "word": torch.arange(length).expand(examples, length),
            "follows": whole(2, examples), "label": whole(CLASSES, examples), "tag": whole(TAGS, examples, length),
            "scored": (whole(3, examples, length) > 0) & (ids != PAD), "first": whole(length, examples), "last": whole(length, examples)}


def questions(rng, examples=2, length=10):
    ids = padded(rng, examples * CHOICES, length, SPECIALS, VOCAB)
    return {"ids": ids, "segment": (torch.arange(length) >= 4).long().expand(ids.shape), "label": torch.tensor(rng.integers(0, CHOICES, examples))}


if __name__ == "__main__":
    sizes = dict(vocab=VOCAB, length=LENGTH, d=D, heads=HEADS, layers=LAYERS, classes=CLASSES, tags=TAGS)
    for seed, compute in ((2, pretrain), (2, sentence), (3, pair), (7, tag), (6, span)):
        record(f"bert-{compute.__name__}", {**BODY, **HEAD[compute.__name__]}, seed, sentences, compute, **sizes)
    record("bert-rotary", {**BODY, **HEAD["tag"]}, 7, sentences, rotary, **sizes)
    record("bert-choice", {**BODY, **HEAD["choice"]}, 8, questions, choice, **sizes)
