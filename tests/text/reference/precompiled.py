#!/usr/bin/env python3
"""Writes precompiled.json: a table for normalisation as SentencePiece makes it, and what SentencePiece makes of texts by it.

Needs SentencePiece's commands (Debian: sentencepiece): `python3 tests/text/reference/precompiled.py`.
"""
import base64, json, pathlib, subprocess, tempfile

# Each line: code points, and those that take their place. Entries that begin like others, longer ones than their replacement and the reverse, and one that is dropped.
RULES = {"A\u030a": "Å", "Ａ": "A", "ａ": "a", "½": "1⁄2", "ﬁ": "fi", "\t": " ", "\u3000": " ", "\u200b": "", "㍿": "株式会社", "😀": ":)", "É": "é", "E\u0301": "é", "Å": "å"}
TEXTS = [
    "plain", "", "Ａａ b", "½ﬁ ½", "A\u030a Å A", "tab\there　wide", "zero\u200bwidth", "㍿ and 😀😀", "ÉE\u0301E é", "ﬁﬁ\u200bﬁ", "x\u030a y", "中文 ｱ", "1½", "日本㍿日本", "a\u0301Ａ",
]


def fields(message):
    """The fields of a protocol buffer: numbers with what they hold."""
    def varint(at):
        value = shift = 0
        while True:
            byte = message[at]
            at, value, shift = at + 1, value | (byte & 127) << shift, shift + 7
            if byte < 128:
                return value, at

    at = 0
    while at < len(message):
        key, at = varint(at)
        if key & 7 == 0:
            value, at = varint(at)
        else:
            size, at = (8, at) if key & 7 == 1 else (4, at) if key & 7 == 5 else varint(at)
            value, at = message[at:at + size], at + size
        yield key >> 3, value


def table(model):
    """The precompiled_charsmap (field 2) of the NormalizerSpec (field 3)."""
    return dict(fields(dict(fields(model))[3]))[2]


with tempfile.TemporaryDirectory() as folder:
    at = pathlib.Path(folder)
    points = lambda text: " ".join(f"{ord(sign):X}" for sign in text)
    (at / "rules.tsv").write_text("".join(f"{points(source)}\t{points(target)}\n" for source, target in RULES.items()))
    (at / "text.txt").write_text("\n".join(f"{text} of some words, again and again" for text in TEXTS))
    rules = f"--normalization_rule_tsv={at / 'rules.tsv'}"
    subprocess.run(["spm_train", f"--input={at / 'text.txt'}", f"--model_prefix={at / 'm'}", "--vocab_size=60", "--hard_vocab_limit=false", rules], check=True, capture_output=True)
    made = subprocess.run(["spm_normalize", rules], input="\n".join(TEXTS), check=True, capture_output=True, encoding="utf8").stdout.split("\n")
    reference = {"charsmap": base64.b64encode(table((at / "m.model").read_bytes())).decode(), "texts": [list(pair) for pair in zip(TEXTS, made)]}
    pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(reference, ensure_ascii=False, indent=1) + "\n")
