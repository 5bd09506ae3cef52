import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Pictures } from "../../runtime/data/index.ts";
import { captionsSource } from "../../src/data-sources/captions.ts";
import { imagesSource } from "../../src/data-sources/images.ts";
import type { SourceRequest } from "../../src/data-sources/index.ts";
import { decodePictures, sortedNames } from "../../src/data-sources/picture-files.ts";
import { readPictureFolder } from "../../src/data-sources/picture-folder.ts";
import type { PictureFolder, PictureFolderRequest } from "../../src/data-sources/picture-folder.ts";
import { valueOf } from "../../src/failure.ts";
import { png } from "../support/png.ts";

const root = mkdtempSync(path.join(tmpdir(), "tfm-pictures-"));
afterAll(() => rmSync(root, { recursive: true }));
const file = (name: string, content: Uint8Array | string): string => {
  const at = path.join(root, name);
  mkdirSync(path.dirname(at), { recursive: true });
  writeFileSync(at, content);
  return at;
};
const grey = (...samples: readonly number[]): Uint8Array => png(2, 1, samples);
const form = { side: 2, channels: 1 };
const read = async (folder: string, more: Partial<PictureFolderRequest> = {}): Promise<PictureFolder> =>
  valueOf(await readPictureFolder({ folder: path.join(root, folder), form, classes: 2, skipBad: false, validation: true, ...more }));
const rows = ({ pixels, labels, rows: height, columns, channels }: Pictures): readonly (readonly [label: number, pixels: readonly number[]])[] =>
  Array.from(labels, (label, at) => [label, [...pixels.subarray(at * height * columns * channels, (at + 1) * height * columns * channels)]]);

describe("a picture", () => {
  const decoded = async (content: Uint8Array, side: number, channels: number): Promise<readonly number[]> => {
    const [one] = valueOf(await decodePictures([file("one.png", content)], { side, channels }));
    if (one === undefined || "code" in one) throw new Error(one?.message);
    return [...one];
  };
  it("of the wanted size keeps every value, rows first, then columns, then channels", async () => {
    expect(await decoded(grey(0, 1, 128, 255), 2, 1)).toEqual([0, 1, 128, 255]);
    const coloured = [255, 0, 0, 0, 255, 0, 0, 0, 255, 7, 77, 177];
    expect(await decoded(png(2, 3, coloured), 2, 3)).toEqual(coloured);
  });
  it("in grey gets three equal channels, in colour one by its lightness", async () => {
    expect(await decoded(grey(0, 10, 128, 255), 2, 3)).toEqual([0, 0, 0, 10, 10, 10, 128, 128, 128, 255, 255, 255]);
    const [red = 0, green = 0, white = 0, black = 0] = await decoded(png(2, 3, [255, 0, 0, 0, 255, 0, 255, 255, 255, 0, 0, 0]), 2, 1);
    expect([white, black]).toEqual([255, 0]);
    expect(green).toBeGreaterThan(red);
    expect(red).toBeGreaterThan(50);
  });
  it("is white where it is transparent", async () => {
    expect(await decoded(png(2, 4, [9, 9, 9, 0, 9, 9, 9, 255, 0, 0, 0, 0, 0, 0, 0, 255]), 2, 1)).toEqual([255, 9, 255, 0]);
    expect(await decoded(png(2, 2, [9, 0, 9, 255, 0, 0, 0, 255]), 2, 1)).toEqual([255, 9, 255, 0]);
  });
  it("is scaled to the side, and cut at both ends where it is not square", async () => {
    // Left and right quarters are white; the middle, all that is left, is 40.
    const wide = Array.from({ length: 8 * 4 }, (_, at) => (at % 8 < 2 || at % 8 >= 6 ? 255 : 40));
    expect(await decoded(png(8, 1, wide), 4, 1)).toEqual(new Array(16).fill(40));
    expect(await decoded(png(8, 1, new Array<number>(64).fill(123)), 2, 1)).toEqual([123, 123, 123, 123]);
    expect((await decoded(grey(0, 0, 255, 255), 8, 3)).length).toBe(192);
  });
  it("may be a JPEG, which is turned as it says", async () => {
    const half = Array.from({ length: 16 * 16 }, (_, at) => (at % 16 < 8 ? 0 : 255));
    const upright = await sharp(png(16, 1, half)).jpeg({ quality: 100 }).toBuffer();
    const turned = await sharp(upright).withMetadata({ orientation: 6 }).toBuffer();
    expect(await decoded(upright, 16, 1)).toEqual(half.map((value) => expect.closeTo(value, -1) as unknown as number));
    // Orientation 6: the left edge of what is stored is the top.
    expect(await decoded(turned, 16, 1)).toEqual(half.map((_, at) => expect.closeTo(at < 128 ? 0 : 255, -1) as unknown as number));
  });
});

describe("a folder of pictures", () => {
  beforeAll(() => {
    for (const [k, name] of ["10", "9"].entries()) {
      for (let n = 0; n < 3 - k; n++) file(`split/train/${name}/${n * 5}.png`, grey(k * 100 + n, 0, 0, 1));
      file(`split/val/${name}/a.PNG`, grey(200 + k, 0, 0, 2));
    }
    file("split/train/9/.hidden.png", "no picture");
    file("split/train/9/notes.txt", "no picture");
    file("split/.cache/x.png", "no picture");
  });
  it("has a class in each folder, by number, and the classes by turns", async () => {
    const { names, training, validation, files, badRows } = await read("split");
    expect(names).toEqual(["9", "10"]);
    // Turns: class 0 at 1/4 and 3/4, class 1 at 1/6, 1/2 and 5/6.
    expect(rows(training)).toEqual([[1, [0, 0, 0, 1]], [0, [100, 0, 0, 1]], [1, [1, 0, 0, 1]], [0, [101, 0, 0, 1]], [1, [2, 0, 0, 1]]]);
    expect(rows(validation as Pictures)).toEqual([[0, [201, 0, 0, 2]], [1, [200, 0, 0, 2]]]);
    expect([files.length, badRows]).toEqual([7, 0]);
    expect(files).toEqual([...files].sort());
    expect(await read("split")).toEqual(await read("split"));
    expect((await read("split", { validation: false })).validation).toBeUndefined();
  });
  it("may lack the split, and name its classes", async () => {
    file("plain/dog/a.jpg", await sharp(grey(1, 1, 1, 1)).jpeg().toBuffer());
    file("plain/cat/b.jpeg", await sharp(grey(250, 250, 250, 250)).jpeg().toBuffer());
    const { names, training, validation } = await read("plain");
    expect(names).toEqual(["cat", "dog"]);
    expect(validation).toBeUndefined();
    expect([...training.labels]).toEqual([0, 1]);
    expect(training.pixels[0]).toBeGreaterThan(240);
  });
  it.each([
    [["10", "9", "1"], ["1", "9", "10"]], [["b", "10", "9"], ["10", "9", "b"]], [["é", "z", "Z", "a"], ["Z", "a", "z", "é"]], [["10.png", "9.png"], ["9.png", "10.png"]],
  ])("sorts %j as %j", (names, sorted) => expect(sortedNames(names)).toEqual(sorted));

  it("says which file is damaged, or leaves it out and counts it", async () => {
    const whole = grey(1, 2, 3, 4);
    file("bad/a/1.png", whole);
    file("bad/b/1.png", whole);
    const at = file("bad/b/2.png", whole.subarray(0, whole.length - 20));
    const no = file("bad/b/3.jpg", "not a picture");
    const request = { folder: path.join(root, "bad"), form, classes: 2, skipBad: false, validation: true };
    const failed = await readPictureFolder(request);
    expect(failed).toMatchObject({ ok: false, failure: { code: "images-damaged", exit: 1, remedy: expect.stringContaining("--skip-bad-rows") as string } });
    expect(failed.ok ? "" : failed.failure.message).toMatch(new RegExp(`^(${at}|${no}) cannot be read as a picture: `));
    const { badRows, training, files } = valueOf(await readPictureFolder({ ...request, skipBad: true }));
    expect([badRows, training.labels.length, files.length]).toEqual([2, 2, 2]);
    // What cannot be opened is left out as well, and a link to a folder is a folder.
    symlinkSync("nowhere.png", path.join(root, "bad/a/4.png"));
    mkdirSync(path.join(root, "bad/a/5.png"));
    mkdirSync(path.join(root, "linked"));
    for (const name of ["a", "b"]) symlinkSync(path.join(root, "bad", name), path.join(root, "linked", name));
    const linked = valueOf(await readPictureFolder({ ...request, folder: path.join(root, "linked"), skipBad: true }));
    expect([linked.badRows, linked.training.labels.length]).toEqual([4, 2]);
    for (const name of linked.files) expect(readFileSync(name).length).toBeGreaterThan(0);
  });
  it("is refused where its classes are others", async () => {
    const open = (folder: string, more: Partial<PictureFolderRequest>): ReturnType<typeof readPictureFolder> =>
      readPictureFolder({ folder: path.join(root, folder), form, classes: 2, skipBad: false, validation: true, ...more });
    expect(await open("plain", { classes: 3 })).toMatchObject({ ok: false, failure: { code: "classes-count", message: expect.stringContaining("2 folders, of a class each (cat, dog)") as string, remedy: expect.stringContaining("classes: 2") as string } });
    file("strange/train/a/1.png", grey(0, 0, 0, 0));
    file("strange/train/b/1.png", grey(0, 0, 0, 0));
    file("strange/val/c/1.png", grey(0, 0, 0, 0));
    expect(await open("strange", {})).toMatchObject({ ok: false, failure: { code: "label-range", message: expect.stringContaining(path.join("val", "c")) as string } });
    expect(await open("plain", { form: { side: 2, channels: 2 } })).toMatchObject({ ok: false, failure: { code: "images-form" } });
    mkdirSync(path.join(root, "empty/train/a"), { recursive: true });
    expect(await open("empty", { classes: 1 })).toMatchObject({ ok: false, failure: { code: "class-empty" } });
  });
  it("asks for sharp where it is not installed, and tells what is wrong with it where it is", async () => {
    const request = { folder: path.join(root, "plain"), form, classes: 2, skipBad: true, validation: true };
    const absent = await readPictureFolder(request, () => Promise.reject(Object.assign(new Error("Cannot find package 'sharp'"), { code: "ERR_MODULE_NOT_FOUND" })));
    expect(absent).toEqual({ ok: false, failure: { code: "sharp-missing", exit: 1, message: "PNG and JPEG files are read by the package sharp, which is not installed", remedy: "npm install sharp, or give the images as IDX files" } });
    const broken = await readPictureFolder(request, () => Promise.reject(new Error("Could not load the module using the linux-x64 runtime")));
    expect(broken).toMatchObject({ ok: false, failure: { code: "sharp-missing", message: expect.stringContaining("cannot be loaded: Could not load") as string } });
  });
});

describe("the sources of images", () => {
  const request = (folder: string, more: Partial<SourceRequest> = {}): SourceRequest =>
    ({ path: path.join(root, folder), arguments: { side: 2, channels: 1, classes: 2, names: "" }, skipBadRows: false, resolve: (one) => path.join(root, one), ...more });

  it("read folders, with the validation that lies apart, a share of their own, or none", async () => {
    const counts = async (more: Partial<SourceRequest> = {}): Promise<readonly (number | undefined)[]> => {
      const { training, validation, badRows } = valueOf(await imagesSource(request("split", more)));
      return [training.count, validation?.count, badRows];
    };
    expect(await counts()).toEqual([5, 2, 0]);
    expect(await counts({ validation: 0.4 })).toEqual([3, 2, 0]);
    expect(await counts({ validation: 0 })).toEqual([5, undefined, 0]);
    expect(valueOf(await imagesSource(request("bad", { skipBadRows: true }))).badRows).toBe(4);
    expect(await imagesSource(request("bad"))).toMatchObject({ ok: false, failure: { code: "images-damaged" } });
  });
  it("call classes as their folders, or by a file of names", async () => {
    const named = async (names: string): Promise<readonly string[]> => {
      const found = valueOf(await captionsSource(request("plain", { arguments: { side: 2, channels: 1, classes: 2, names } })));
      return [...(found.training.text?.lines() ?? [])];
    };
    expect(await named("")).toEqual(["cat", "dog"]);
    file("names.txt", "a cat\na dog\n");
    expect(await named("names.txt")).toEqual(["a cat", "a dog"]);
  });
  it("tell what is missing", async () => {
    mkdirSync(path.join(root, "nothing"));
    expect(await imagesSource(request("nothing"))).toMatchObject({ ok: false, failure: { code: "images-missing" } });
  });
});
