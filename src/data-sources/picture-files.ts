import type Sharp from "sharp";
import type { Failure, Result } from "../failure.ts";
import { exitCodes } from "../exit-codes.ts";
import { wrong } from "./source.ts";

/** What all pictures are brought to. */
export interface Form {
  readonly side: number;
  /** 1 for shades of grey, 3 for red, green and blue. */
  readonly channels: number;
}

/** Loads the package that decodes pictures, which is not installed with this one. */
export type LoadSharp = () => Promise<{ readonly default: typeof Sharp }>;

/** Pictures that are decoded at the same time. */
const AT_ONCE = 16;

export function isPicture(name: string): boolean {
  return !name.startsWith(".") && /\.(png|jpe?g)$/i.test(name);
}

/**
 * The bytes of each picture, rows, then columns, then channels, or why it has none. A picture is turned as its EXIF says, transparent
 * parts become white, and what is not square is scaled to fill the square and cut at both ends.
 */
export async function decodePictures(files: readonly string[], form: Form, load: LoadSharp = () => import("sharp")): Promise<Result<readonly (Uint8Array | Failure)[]>> {
  if (form.channels !== 1 && form.channels !== 3) return wrong("images-form", `images of ${form.channels} channels cannot be made of PNG or JPEG files`, "write channels: 1 or channels: 3 in the recipe's data");
  const sharp = await loaded(load);
  if (!sharp.ok) return sharp;
  const decoded: (Uint8Array | Failure)[] = [];
  for (let at = 0; at < files.length; at += AT_ONCE) decoded.push(...(await Promise.all(files.slice(at, at + AT_ONCE).map((file) => decode(sharp.value, file, form)))));
  return { ok: true, value: decoded };
}

async function loaded(load: LoadSharp): Promise<Result<typeof Sharp>> {
  try {
    return { ok: true, value: (await load()).default };
  } catch (error) {
    const absent = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
    return wrong("sharp-missing", `PNG and JPEG files are read by the package sharp, which ${absent ? "is not installed" : `cannot be loaded: ${error instanceof Error ? error.message : String(error)}`}`, "npm install sharp, or give the images as IDX files");
  }
}

async function decode(sharp: typeof Sharp, file: string, { side, channels }: Form): Promise<Uint8Array | Failure> {
  try {
    const picture = sharp(file, { failOn: "error" }).rotate().flatten({ background: "white" }).resize(side, side, { fit: "cover" });
    const { data } = await (channels === 1 ? picture.greyscale().toColourspace("b-w") : picture.toColourspace("srgb")).raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
    if (data.length === side * side * channels) return data;
    throw new Error(`it has ${data.length / (side * side)} channels`);
  } catch (error) {
    return { code: "images-damaged", exit: exitCodes.wrong, message: `${file} cannot be read as a picture: ${(error instanceof Error ? error.message : String(error)).trim()}`, remedy: "take the file anew from where it came from" };
  }
}

/** Names that are all whole numbers by their values, others by code points. */
export function sortedNames(names: readonly string[]): readonly string[] {
  const plain = [...names].sort();
  return names.every((name) => /^\d+(\.\w+)?$/.test(name)) ? plain.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)) : plain;
}
