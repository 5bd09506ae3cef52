// The first fifty pictures of every digit, to fine-tune on: npm run data -- mae --from FOLDER
// FOLDER has mnist/{train,val}-{images-idx3,labels-idx1}-ubyte.gz (LeCun, Cortes, Burges).
import { gunzipSync } from "node:zlib";
import type { DataFile, DataRequest } from "../files.ts";

const EACH = 50, CLASSES = 10;
const IMAGES_HEADER = 16, LABELS_HEADER = 8;

/** `mnist-500/train-*` are 500 of the training pictures, `mnist-500/val-*` all pictures held out. */
export function files({ read }: DataRequest): readonly DataFile[] {
  const [images, labels] = ["images-idx3", "labels-idx1"].map((name) => gunzipSync(read(`mnist/train-${name}-ubyte.gz`)));
  const size = (images!.length - IMAGES_HEADER) / (labels!.length - LABELS_HEADER);
  const seen = new Array<number>(CLASSES).fill(0);
  const chosen = [...labels!.subarray(LABELS_HEADER)].flatMap((label, at) => (seen[label]!++ < EACH ? [at] : []));
  return [
    ["mnist-500/train-images-idx3-ubyte", joined(images!, IMAGES_HEADER, chosen, size)],
    ["mnist-500/train-labels-idx1-ubyte", joined(labels!, LABELS_HEADER, chosen, 1)],
    ["mnist-500/val-images-idx3-ubyte.gz", read("mnist/val-images-idx3-ubyte.gz")],
    ["mnist-500/val-labels-idx1-ubyte.gz", read("mnist/val-labels-idx1-ubyte.gz")],
  ];
}

/** The header with its first extent, the count, made that of the records chosen, and those records. */
function joined(file: Uint8Array, header: number, chosen: readonly number[], size: number): Uint8Array {
  const bytes = new Uint8Array(header + chosen.length * size);
  bytes.set(file.subarray(0, header));
  new DataView(bytes.buffer).setUint32(4, chosen.length);
  for (const [to, at] of chosen.entries()) bytes.set(file.subarray(header + at * size, header + (at + 1) * size), header + to * size);
  return bytes;
}
