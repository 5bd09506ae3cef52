import { readdirSync, statSync } from "node:fs";
import type { Dirent } from "node:fs";
import path from "node:path";
import type { Pictures } from "../../runtime/data/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import type { Failure, Result } from "../failure.ts";
import { sortedNames, decodePictures, isPicture } from "./picture-files.ts";
import type { Form, LoadSharp } from "./picture-files.ts";
import { wrong } from "./source.ts";

export interface PictureFolder {
  /** Those that could be read, sorted. */
  readonly files: readonly string[];
  readonly training: Pictures;
  readonly validation?: Pictures;
  /** Of the classes, class 0 first. */
  readonly names: readonly string[];
  readonly badRows: number;
}

export interface PictureFolderRequest {
  readonly folder: string;
  readonly form: Form;
  readonly classes: number;
  readonly skipBad: boolean;
  /** Whether pictures that lie apart for validation are wanted as such. */
  readonly validation: boolean;
}

const LAYOUT = "a folder of PNG or JPEG files for each class, as in train/cat/1.png; val/cat/2.png for validation";
const APART = ["val", "valid", "validation", "dev", "test"];

/** Whether a folder holds pictures rather than something else: it has folders. */
export function hasFolders(folder: string): boolean {
  return foldersIn(folder).length > 0;
}

/**
 * PNG and JPEG files in a folder for each class, within `train` (and `val` or `test`) or without. Classes are numbered by their folders'
 * names, as numbers where all are numbers, else in the order of code points. The classes take turns in proportion to their sizes, so
 * that any share at the end holds all of them.
 */
export async function readPictureFolder({ folder, form, classes, skipBad, validation }: PictureFolderRequest, load?: LoadSharp): Promise<Result<PictureFolder>> {
  const inside = foldersIn(folder);
  const root = inside.includes("train") ? path.join(folder, "train") : folder;
  const apart = root === folder ? undefined : APART.find((name) => inside.includes(name));
  const names = sortedNames(foldersIn(root));
  if (names.length === 0) return wrong("images-missing", `${root} has no folders of images`, `write ${LAYOUT}`);
  if (names.length !== classes) return wrong("classes-count", `${root} has ${names.length} folders, of a class each (${some(names)}); the recipe says ${classes} classes`, `write classes: ${names.length} in the recipe's data`);
  const training = listed(root, names);
  if (!training.ok) return training;
  const met = new Set(training.value.map(({ label }) => label));
  const bare = names.find((_, label) => !met.has(label));
  if (bare !== undefined) return wrong("class-empty", `${path.join(root, bare)} holds no PNG or JPEG files`, "put some there, or remove the folder");
  const held = apart === undefined || !validation ? undefined : listed(path.join(folder, apart), names);
  if (held?.ok === false) return held;

  const files = [...training.value, ...(held?.value ?? [])];
  const decoded = await decodePictures(files.map(({ file }) => file), form, load);
  if (!decoded.ok) return decoded;
  const bad = decoded.value.find((one): one is Failure => "code" in one);
  if (bad !== undefined && !skipBad) return { ok: false, failure: { ...bad, remedy: `${bad.remedy ?? ""}; --skip-bad-rows leaves such files out` } };

  const all = files.map((entry, at) => ({ ...entry, pixels: decoded.value[at] as Uint8Array | Failure }));
  const good = all.flatMap(({ file, label, pixels }, at) => ("code" in pixels ? [] : [{ file, label, pixels, trains: at < training.value.length }]));
  const badRows = files.length - good.length;
  if (!good.some(({ trains }) => trains)) return wrong("data-empty", `${root} holds no images${badRows > 0 ? ` but ${badRows} bad ones` : ""}`, `write ${LAYOUT}`);
  return {
    ok: true,
    value: {
      files: good.map(({ file }) => file).sort(),
      training: packed(good.filter(({ trains }) => trains), form),
      ...(held === undefined ? {} : { validation: packed(good.filter(({ trains }) => !trains), form) }),
      names,
      badRows,
    },
  };
}

interface Entry {
  readonly file: string;
  readonly label: number;
}

/** The classes' files, the classes by turns. */
function listed(root: string, names: readonly string[]): Result<readonly Entry[]> {
  const folders = foldersIn(root);
  const strange = folders.find((name) => !names.includes(name));
  if (strange !== undefined) return wrong("label-range", `${path.join(root, strange)} is the folder of a class that nothing is trained on`, `the classes are ${some(names)}`);
  const turns = names.flatMap((name, label) => {
    const folder = path.join(root, name);
    const files = folders.includes(name) ? sortedNames(entriesIn(folder).map((entry) => entry.name).filter(isPicture)) : [];
    return files.map((file, at) => ({ turn: (at + 0.5) / files.length, entry: { file: path.join(folder, file), label } }));
  });
  return { ok: true, value: turns.sort((a, b) => a.turn - b.turn || a.entry.label - b.entry.label).map(({ entry }) => entry) };
}

/** Links to folders are folders. */
function foldersIn(folder: string): readonly string[] {
  const isFolder = (entry: Dirent): boolean => entry.isDirectory() || (entry.isSymbolicLink() && statSync(path.join(folder, entry.name), { throwIfNoEntry: false })?.isDirectory() === true);
  return entriesIn(folder).filter((entry) => !entry.name.startsWith(".") && isFolder(entry)).map(({ name }) => name);
}

/** Throws CommandFailure where the folder cannot be read. */
function entriesIn(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw new CommandFailure({ code: "file-not-readable", exit: exitCodes.wrong, message: `${folder} could not be read: ${error instanceof Error ? error.message : String(error)}` });
  }
}

function packed(pictures: readonly { readonly label: number; readonly pixels: Uint8Array }[], { side, channels }: Form): Pictures {
  const size = side * side * channels;
  const pixels = new Uint8Array(pictures.length * size);
  for (const [at, picture] of pictures.entries()) pixels.set(picture.pixels, at * size);
  return { rows: side, columns: side, channels, pixels, labels: Int32Array.from(pictures, ({ label }) => label) };
}

function some(names: readonly string[]): string {
  return names.length > 6 ? `${names.slice(0, 6).join(", ")}, …` : names.join(", ");
}
