import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { countBefore, idxPictures, imageExamples } from "../../runtime/data/index.ts";
import type { Examples, Pictures } from "../../runtime/data/index.ts";
import type { Result } from "../failure.ts";
import { isGzip, readBytes } from "../files.ts";
import { hasFolders, readPictureFolder } from "./picture-folder.ts";
import type { OpenedData, Source, SourceRequest } from "./source.ts";
import { isFolder, reading, wrong } from "./source.ts";

const NAMES = "a folder with train-images-idx3-ubyte and train-labels-idx1-ubyte (.gz or not), and val- or t10k- in the place of train- for those of validation, or with PNG or JPEG files in a folder for each class, as train/cat/1.png";

/** A folder of IDX files as MNIST has them, one file of images whose labels lie beside it, or a folder of PNG and JPEG files. */
export const imagesSource: Source = async (request) => {
  const found = await picturesIn(request);
  if (!found.ok) return found;
  return { ok: true, value: openedPictures(found.value, imageExamples) };
};

export interface FoundPictures {
  readonly files: readonly string[];
  readonly training: Pictures;
  readonly validation?: Pictures;
  /** Of the classes, where the files say them. */
  readonly names?: readonly string[];
  readonly badRows?: number;
}

export function openedPictures({ files, training, validation, badRows = 0 }: FoundPictures, of: (pictures: Pictures) => Examples): OpenedData {
  const trained = of(training);
  if (validation === undefined) return { files, training: trained, whole: trained, badRows };
  const held = of(validation);
  return { files, training: trained, validation: held, whole: held, badRows };
}

export async function picturesIn(request: SourceRequest): Promise<Result<FoundPictures>> {
  if (!existsSync(request.path)) return wrong("file-missing", `${request.path}: there is no such file or folder`, NAMES);
  if (!isFolder(request.path)) {
    const one = picturesOf(request.path, request);
    return one.ok ? { ok: true, value: withShare(one.value, request.validation) } : one;
  }
  const names = readdirSync(request.path).sort();
  const imagesOf = (...parts: readonly string[]): string | undefined => names.find((name) => parts.some((part) => name.startsWith(part)) && /images.*idx\d/.test(name));
  const train = imagesOf("train");
  const held = imagesOf("val", "dev", "t10k", "test");
  if (train === undefined && held === undefined) return hasFolders(request.path) ? inFolders(request) : wrong("images-missing", `${request.path} has no images`, NAMES);
  const training = picturesOf(path.join(request.path, train ?? (held as string)), request);
  if (!training.ok) return training;
  if (held === undefined || train === undefined || request.validation !== undefined) return { ok: true, value: withShare(training.value, request.validation) };
  const validation = picturesOf(path.join(request.path, held), request);
  if (!validation.ok) return validation;
  return { ok: true, value: { files: [...training.value.files, ...validation.value.files], training: training.value.pictures, validation: validation.value.pictures } };
}

async function inFolders({ path: folder, arguments: { side, channels, classes }, skipBadRows: skipBad, validation }: SourceRequest): Promise<Result<FoundPictures>> {
  const read = await readPictureFolder({ folder, form: { side: Number(side), channels: Number(channels) }, classes: Number(classes), skipBad, validation: validation === undefined });
  if (!read.ok) return read;
  const { files, training, names, badRows } = read.value;
  return { ok: true, value: { ...(read.value.validation === undefined ? withShare({ files, pictures: training }, validation) : read.value), names, badRows } };
}

function withShare({ files, pictures }: ReadPictures, share = 0): FoundPictures {
  const at = countBefore(pictures.labels.length, share);
  return at === pictures.labels.length ? { files, training: pictures } : { files, training: someOf(pictures, 0, at), validation: someOf(pictures, at, pictures.labels.length) };
}

function someOf(pictures: Pictures, from: number, to: number): Pictures {
  const size = pictures.rows * pictures.columns * pictures.channels;
  return { ...pictures, pixels: pictures.pixels.subarray(from * size, to * size), labels: pictures.labels.subarray(from, to) };
}

interface ReadPictures {
  readonly files: readonly string[];
  readonly pictures: Pictures;
}

function picturesOf(file: string, { arguments: { side, channels, classes } }: SourceRequest): Result<ReadPictures> {
  const labelFile = path.join(path.dirname(file), path.basename(file).replace("images", "labels").replace(/idx\d/, "idx1"));
  if (labelFile === file) return wrong("images-missing", `${file} does not look like a file of images`, NAMES);
  const images = unpacked(file);
  if (!images.ok) return images;
  const labels = unpacked(labelFile);
  if (!labels.ok) return labels;
  const made = reading(file, () => idxPictures(images.value, labels.value));
  if (!made.ok) return made;
  const pictures = made.value;
  if (pictures.rows !== side || pictures.columns !== side || pictures.channels !== channels) {
    const remedy = pictures.rows === pictures.columns ? `write side: ${pictures.rows}, channels: ${pictures.channels} in the recipe's data` : "the images must be square";
    return wrong("images-form", `${file} has images of ${pictures.rows} × ${pictures.columns} with ${pictures.channels} channels; the recipe takes ${String(side)} × ${String(side)} with ${String(channels)}`, remedy);
  }
  const outside = pictures.labels.findIndex((label) => label >= Number(classes));
  if (outside >= 0) return wrong("label-range", `${labelFile}: image ${outside + 1} has class ${pictures.labels[outside]}, but there are ${String(classes)} classes, from 0`, "give the number of classes in the recipe's data");
  return { ok: true, value: { files: [file, labelFile], pictures } };
}

function unpacked(file: string): Result<Uint8Array> {
  const bytes = readBytes(file);
  if (!bytes.ok || !isGzip(bytes.value)) return bytes;
  try {
    return { ok: true, value: gunzipSync(bytes.value) };
  } catch (error) {
    return wrong("images-damaged", `${file} cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`, "take the file anew from where it came from");
  }
}
