import { elementCount } from "../size.ts";
import type { Batch } from "./batches.ts";
import { imagesDamaged, noExamples } from "./errors.ts";
import type { Examples } from "./examples.ts";
import { listBatches } from "./list.ts";

/** Pictures of one form with a class each; the bytes of a picture are rows, then columns, then channels, 0 to 255. */
export interface Pictures {
  readonly rows: number;
  readonly columns: number;
  readonly channels: number;
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array | Int32Array;
}

/** Fields `image` [B, side, side, channels] in 0..1 and `label` [B]. */
export function imageExamples(pictures: Pictures): Examples {
  const count = pictures.labels.length;
  return {
    count,
    unit: "images",
    encode({ batch, seed }) {
      if (count === 0) throw noExamples("images");
      return listBatches(new Uint8Array(count), { batch, seed, bounds: {}, assemble: (rows) => imageBatch(pictures, rows) });
    },
  };
}

export function imageBatch({ rows, columns, channels, pixels, labels }: Pictures, picked: readonly number[]): Batch {
  const size = rows * columns * channels;
  const image = new Float32Array(picked.length * size);
  for (const [b, at] of picked.entries()) {
    for (let i = 0; i < size; i++) image[b * size + i] = (pixels[at * size + i] as number) / 255;
  }
  return { sizes: { B: picked.length }, fields: { image, label: Int32Array.from(picked, (at) => labels[at] as number) }, tokens: picked.length };
}

/** An array in the IDX format of MNIST (LeCun, Cortes, Burges) of unsigned bytes: its extents and its values. Throws TfmError. */
export function readIdx(bytes: Uint8Array): { readonly shape: readonly number[]; readonly values: Uint8Array } {
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0) throw imagesDamaged("it does not begin as IDX files do");
  if (bytes[2] !== 8) throw imagesDamaged(`its type is 0x${(bytes[2] as number).toString(16)}; only unsigned bytes (0x8) are read`);
  const rank = bytes[3] as number;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 + 4 * rank) throw imagesDamaged("it ends within its header");
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = elementCount(shape);
  const values = bytes.subarray(4 + 4 * rank);
  if (values.length !== size) throw imagesDamaged(`it has ${values.length} values where its header says ${shape.join(" × ")}`);
  return { shape, values };
}

/** Images [N, rows, columns] or [N, rows, columns, channels] with labels [N], both as IDX. Throws TfmError. */
export function idxPictures(images: Uint8Array, labels: Uint8Array): Pictures {
  const picture = readIdx(images), label = readIdx(labels);
  const [count = 0, rows = 0, columns = 0, channels = 1] = picture.shape;
  if (picture.shape.length < 3 || picture.shape.length > 4) throw imagesDamaged(`its shape is [${picture.shape.join(", ")}] and not [images, rows, columns]`);
  if (label.shape.length !== 1 || label.shape[0] !== count) throw imagesDamaged(`it has ${count} images, but its labels have shape [${label.shape.join(", ")}]`);
  return { rows, columns, channels, pixels: picture.values, labels: label.values };
}
