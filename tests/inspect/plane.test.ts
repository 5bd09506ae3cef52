import { inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { figureSvg } from "../../src/inspect/figure.ts";
import type { Observation } from "../../src/inspect/inspect.ts";
import { firstExample, meanOf, parseSlices, patchesAsPicture, planesOf, rowsAsGrids, similarities, sliced, stacked, statisticsOf, withoutColours } from "../../src/inspect/plane.ts";
import { numbersText, shadesText } from "../../src/inspect/terminal.ts";
import { assertWellFormed } from "../report/well-formed.ts";

const counted = (shape: readonly number[], axes: Observation["axes"], name = "x"): Observation => ({
  name, gradient: false, entry: "forward", shape, axes, data: Float32Array.from({ length: shape.reduce((n, size) => n * size, 1) }, (_, at) => at),
});
const plain = (size: string): Observation["axes"][number] => ({ size, batch: false });
const weight = counted([2, 3, 2, 2], [{ size: "B", batch: true }, plain("3"), { size: "T", batch: false, labels: [["a", "b"], ["c", "d"]] }, { size: "S", batch: false, labels: [["x", "y"], ["u", "v"]] }]);

describe("slices", () => {
  it("are read from a text and refused where they do not fit", () => {
    expect(parseSlices("0, _,2")).toEqual([0, undefined, 2]);
    expect(() => parseSlices("a")).toThrow("indices");
    expect(() => sliced(weight, [0, 3])).toThrow("x has shape [2, 3, 2, 2], which --slice 0,3 does not fit");
  });

  it("leave the axes that are not named, with the labels of the chosen example", () => {
    const { name, shape, data, axes } = sliced(weight, [1, undefined, 0]);
    expect(name).toBe("x[1, _, 0, _]");
    expect(shape).toEqual([3, 2]);
    expect([...data]).toEqual([12, 13, 16, 17, 20, 21]);
    expect(axes.map(({ labels }) => labels)).toEqual([undefined, [["u", "v"]]]);
  });
});

describe("planes", () => {
  it("are the last two axes of the first example, one for each place before them", () => {
    const planes = planesOf(firstExample(weight));
    expect(planes.map(({ title, data }) => [title, [...data]])).toEqual([["[0]", [0, 1, 2, 3]], ["[1]", [4, 5, 6, 7]], ["[2]", [8, 9, 10, 11]]]);
    expect(planes[0]).toMatchObject({ rowLabels: ["a", "b"], columnLabels: ["x", "y"], sizes: ["T", "S"] });
    expect([...meanOf(planes).data]).toEqual([4, 5, 6, 7]);
  });

  it("have one row of a vector and one number of a scalar", () => {
    expect(planesOf(counted([3], [plain("3")]))[0]).toMatchObject({ rows: 1, columns: 3 });
    expect(planesOf(counted([], []))[0]).toMatchObject({ rows: 1, columns: 1 });
  });

  it("stack vectors of several layers", () => {
    const used = ["a.used", "b.used"].map((name) => counted([2], [plain("2")], name));
    expect(stacked(used)).toMatchObject({ rows: 2, columns: 2, rowLabels: ["a.used", "b.used"], data: Float64Array.of(0, 1, 0, 1) });
    expect(stacked([used[0]!, counted([3], [plain("3")])])).toBeUndefined();
  });

  it("average the colours of pictures", () => {
    expect(withoutColours(counted([1, 2, 3], [plain("1"), plain("2"), plain("3")]))).toMatchObject({ shape: [1, 2], data: Float32Array.of(1, 4) });
  });

  it("compare rows by their cosine, and lay rows out as pictures", () => {
    const made = similarities({ title: "", rows: 3, columns: 2, data: Float64Array.of(1, 0, 2, 0, 0, -3) });
    expect([...made.data]).toEqual([1, 1, 0, 1, 1, 0, 0, 0, 1]);
    expect(rowsAsGrids({ title: "", rows: 1, columns: 4, data: Float64Array.of(1, 2, 3, 4) }, 2)).toMatchObject([{ rows: 2, columns: 2 }]);
  });
});

it("statistics are of the finite numbers, and count the others", () => {
  const found = statisticsOf(Float32Array.of(0, 2, 4, Number.NaN, Number.POSITIVE_INFINITY));
  expect(found).toMatchObject({ count: 5, min: 0, max: 4, mean: 2, zeros: 1, nans: 1, infinities: 1 });
  expect(found.std).toBeCloseTo(Math.sqrt(8 / 3));
});

describe("on a terminal", () => {
  it("short tensors are whole, long ones have their ends", () => {
    expect(numbersText([], [2.5])).toBe("2.5");
    expect(numbersText([2, 2], [1, 2, 3, 4])).toBe("[[1 2]\n [3 4]]");
    expect(numbersText([100], Array.from({ length: 100 }, (_, at) => at))).toBe("[0 1 2 … 97 98 99]");
  });

  it("shades go from the smallest to the largest, tokens stand along the sides", () => {
    const lines = shadesText({ title: "", rows: 2, columns: 2, data: Float64Array.of(0, 0.5, 1, Number.NaN), rowLabels: ["▁on", "e"], columnLabels: ["un", "d"] }, { columns: 80, color: false });
    expect(lines).toEqual(["     u", "     n d", "▁on │  ▒▒│", "  e │██??│", "     ░ to █: 0 to 1"]);
  });

  it("what is too wide is averaged", () => {
    const lines = shadesText({ title: "", rows: 1, columns: 100, data: new Float64Array(100).fill(1).fill(0, 0, 50) }, { columns: 23, color: false });
    expect(lines[0]).toBe(` │${"  ".repeat(5)}${"██".repeat(5)}│`);
    expect(lines[1]).toContain("each mark is the mean of up to 1 × 10");
  });
});

describe("as a figure", () => {
  const svg = figureSvg(planesOf(firstExample(weight)), { title: "x < y", down: "T", across: "S" });

  it("is well-formed, with a panel for each plane, labels once a side, and each number to be found", () => {
    assertWellFormed(svg);
    expect(svg).toContain("x &lt; y");
    expect(svg.match(/class="f"/g)).toHaveLength(3 + 1);
    expect(svg).toContain("<title>b, y: 11</title>");
  });

  it("paints the largest darkest, and what is no number in magenta", () => {
    const one = figureSvg([{ title: "", rows: 1, columns: 3, data: Float64Array.of(0, 1, Number.NaN) }], { title: "t" });
    expect(one).toMatch(/fill="#f7fbff"><title>0, 0: 0</);
    expect(one).toMatch(/fill="#08306b"><title>0, 1: 1</);
    expect(one).toMatch(/fill="#ff00ff"><title>0, 2: NaN</);
  });

  it("leaves room for the name of a side without labels", () => {
    const svg = figureSvg([{ title: "", rows: 2, columns: 2, data: Float64Array.of(0, 1, 2, 3) }], { title: "t", down: "encoder head" });
    const [, end] = /<text class="s" x="([\d.]+)"[^>]*text-anchor="end">encoder head ↓/.exec(svg)!;
    // Letters of 11 pixels are some 6 wide.
    expect(Number(end)).toBeGreaterThan(6 * "encoder head ↓".length);
  });

  it("paints negative numbers blue and positive ones red", () => {
    expect(figureSvg([{ title: "", rows: 1, columns: 2, data: Float64Array.of(-1, 1) }], { title: "t" })).toMatch(/#2166ac[^]*#b2182b/);
  });

  it("holds a picture as a PNG in greys, black the smallest", () => {
    const picture = figureSvg([{ title: "", rows: 2, columns: 2, data: Float64Array.of(-1, 0, 1, 0) }], { title: "t", picture: true });
    assertWellFormed(picture);
    const png = Buffer.from(/base64,([^"]+)"/.exec(picture)![1]!, "base64");
    expect(png.subarray(1, 4).toString()).toBe("PNG");
    const at = png.indexOf("IDAT");
    expect([...inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)))]).toEqual([0, 0, 128, 0, 255, 128]);
  });

  it("puts patches together: rows of patches, then rows of dots", () => {
    const plane = { title: "", rows: 4, columns: 4, data: Float64Array.from({ length: 16 }, (_, at) => at) };
    expect([...patchesAsPicture(plane).data]).toEqual([0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]);
    expect(() => patchesAsPicture({ ...plane, rows: 3 })).toThrow("not the patches");
  });
});
