"""Reads and writes safetensors with numpy alone: 8 bytes of header length, a JSON header, the data."""
import json
import struct

import numpy as np

KINDS = {"float32": "F32", "int32": "I32", "uint8": "BOOL"}


def to_disk(path, tensors, **notes):
    """`tensors`: name -> array or torch tensor; reals become F32, whole numbers I32, truths BOOL. `notes` go to `__metadata__`."""
    header = {"__metadata__": {key: str(value) for key, value in sorted(notes.items())}}
    chunks, offset = [], 0
    for name in sorted(tensors):
        value = tensors[name]
        array = value.detach().numpy() if hasattr(value, "detach") else np.asarray(value)
        array = array.astype({"f": "<f4", "i": "<i4", "b": "u1"}[array.dtype.kind])
        data = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": KINDS[array.dtype.name], "shape": list(array.shape), "data_offsets": [offset, offset + len(data)]}
        chunks.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(chunks))


def distance(ours, theirs):
    """Over all tensors the largest max|a-b| / max(max|b|, 1e-3 x the largest |b| of all), as the tests measure it."""
    top = max(float(b.abs().max()) for b in theirs.values())
    return max(float((ours[n].double() - b).abs().max()) / max(float(b.abs().max()), 1e-3 * top) for n, b in theirs.items())
