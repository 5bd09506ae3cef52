import path from "node:path";
import { describe, expect, it } from "vitest";
import { diagramOf } from "../../src/draw/diagram.ts";
import type { Diagram } from "../../src/draw/diagram.ts";
import { layoutOf } from "../../src/draw/layout.ts";
import type { Wire } from "../../src/draw/layout.ts";
import { diagramSvg } from "../../src/draw/svg.ts";
import { checkedModel } from "../../src/experiment/check.ts";
import { readModel } from "../../src/experiment/source.ts";
import { valueOf } from "../../src/failure.ts";
import { packageRoot } from "../../src/package-root.ts";
import { assertWellFormed } from "../report/well-formed.ts";

const FAMILIES = ["translation", "rnn", "gpt", "llama", "moe", "bert", "t5", "vit", "mae", "clip"];

function diagram(name: string, set: Readonly<Record<string, string>> = {}, entry = name === "bert" ? "encode" : "forward"): Diagram {
  const model = checkedModel(valueOf(readModel(path.join(packageRoot, "examples", name, "model.tfm"))), { set });
  return diagramOf(model, model.entries.find((one) => one.name === entry) ?? expect.fail(`${name} has no ${entry}`));
}

/** "Attention attend -> add x [B, S, 64]" */
function ways({ nodes, edges }: Diagram): readonly string[] {
  const text = (at: number): string => `${nodes[at]?.title ?? "?"}${nodes[at]?.note === "" ? "" : ` ${nodes[at]?.note.split(" ")[0] ?? ""}`}`;
  return edges.map(({ from, to, shape }) => `${text(from)} -> ${text(to)} ${shape}`);
}

describe("diagramOf", () => {
  it("draws a stack once, with residual sums and what crosses over", () => {
    const drawn = diagram("translation", { vocab: "1600", layers: "3" });
    expect(drawn.stacks.map(({ name, title, times }) => [name, title, times])).toEqual([["encoder", "EncoderLayer", 3], ["decoder", "DecoderLayer", 3]]);
    expect(ways(drawn)).toEqual(expect.arrayContaining([
      "source -> Embedding embed [B, S]",
      "target -> Embedding embed [B, T]",
      "Embedding embed -> place [B, S, 64]",
      "place -> LayerNorm norm1 [B, S, 64]",
      "LayerNorm norm1 -> Attention attend [B, T, 64]",
      "LayerNorm norm1 -> Attention cross [B, S, 64]",
      "Embedding head.logits -> forward [B, T, 1600]",
    ]));
    // Two tables' worth of boxes for one table, as it is used twice; 2 sums in an encoder layer, 3 in a decoder layer.
    expect(drawn.nodes.filter(({ note }) => note.startsWith("embed"))).toHaveLength(2);
    expect(drawn.nodes.filter(({ kind }) => kind === "add").map(({ stack }) => stack)).toEqual(["encoder.0", "encoder.0", "decoder.0", "decoder.0", "decoder.0"]);
    expect(drawn.nodes).toHaveLength(2 + 2 * 2 + (2 * 3) + 1 + (3 * 3) + 2 + 1);
  });

  it("draws the same for any number of layers but the number", () => {
    const [two, five] = ["2", "5"].map((layers) => diagram("gpt", { vocab: "65", layers }));
    expect(five).toEqual({ ...two, stacks: [{ ...two?.stacks[0], times: 5 }] });
  });

  it("names the sums that norms take in, as the figure of 2017 does", () => {
    const drawn = diagram("translation", { vocab: "1600", pre: "false" });
    expect(drawn.nodes.filter(({ stack }) => stack === "encoder.0").map(({ title }) => title)).toEqual(["Attention", "Add & LayerNorm", "FeedForward", "Add & LayerNorm"]);
  });

  it("takes what a layer hands out and back into the layer", () => {
    const drawn = diagram("llama", { vocab: "65" });
    expect(drawn.nodes.map(({ title }) => title)).not.toContain("Rotary");
    expect(ways(drawn)).toContain("RMSNorm norm1 -> Attention attend [B, T, 128]");
  });

  it("draws a scan as a frame: what it starts with, what goes round, what each step does", () => {
    const drawn = diagram("rnn", { vocab: "50" });
    expect(drawn.stacks.map(({ name, title, times }) => [name, title, times])).toEqual([["encoder", "Bidirectional", 1], ["decode", "scan over T", 1]]);
    const inside = drawn.nodes.filter(({ stack }) => stack === drawn.stacks[1]?.path);
    // The figure of Bahdanau et al.: the state asks the attention, whose context goes beside the word into the next state.
    expect(inside.map(({ title }) => title).sort()).toEqual(["Additive", "LstmCell", "beside", "concat", "h, c"]);
    expect(ways(drawn)).toEqual(expect.arrayContaining([
      "Linear bridge -> tanh [B, 128]",
      "tanh -> h, c [B, 128]",
      "h, c -> Additive attend [B, 128]",
      "concat -> Additive attend [B, S, 256]",
      "Additive attend.keys -> Additive attend [B, S, 128]",
      "Embedding embed -> concat [B, T, 64]",
      "Additive attend -> concat [B, 256]",
      "concat -> LstmCell lowest [B, 320]",
      "h, c -> LstmCell lowest [B, 128]",
      "beside -> Linear output [B, T, 384]",
    ]));
    expect(ways({ ...drawn, edges: drawn.edges.filter(({ loop }) => loop) })).toEqual(["LstmCell lowest -> h, c [B, 128]"]);
    expect(drawn.nodes.filter(({ title }) => title === "Recurrent").map(({ note }) => note.split(" · ").slice(0, 2))).toEqual([["back", "scan over S"], ["there", "scan over S"]]);
  });

  it("draws a stack of scans as one, with what each layer carries", () => {
    const drawn = diagram("rnn", { vocab: "50", attention: "none", layers: "3", cell: "GruCell" });
    expect(drawn.stacks.map(({ name, title, times }) => [name, title, times])).toEqual([["encoder", "Bidirectional", 3], ["above", "Recurrent over T", 2], ["decode", "scan over T", 1]]);
    expect(drawn.edges.filter(({ loop }) => loop).map(({ from, to }) => [drawn.nodes[from]?.stack === drawn.nodes[to]?.stack, drawn.nodes[to]?.title])).toEqual([[true, "h"], [true, "h"]]);
    expect(ways(drawn)).toContain("GruCell lowest -> GruCell cell1 [B, T, 128]");
  });

  it("draws two towers alike, though one of them has no layers in its stack", () => {
    const drawn = diagram("clip");
    const titles = drawn.nodes.map(({ title }) => title);
    expect(titles).not.toContain("TextTower");
    expect(titles).not.toContain("Vit");
    expect(titles.filter((title) => title === "Learned")).toHaveLength(2);
    expect(ways(drawn)).toEqual(expect.arrayContaining(["ids -> Embedding embed [M, T]", "Learned place -> LayerNorm norm1 [M, T, 64]", "Linear output -> unit [M, 64]", "Linear head -> unit [N, 64]"]));
    // Where words are is a mask, and no flow.
    expect(ways(drawn).filter((way) => way.startsWith("ids"))).toHaveLength(1);
  });

  it("calls nothing by a number alone", () => {
    for (const drawn of FAMILIES.map((name) => diagram(name))) for (const { title } of [...drawn.nodes, ...drawn.stacks]) expect(title).toMatch(/^[A-Za-z]/);
  });

  it("has every node behind those that it reads", () => {
    for (const drawn of [...FAMILIES.map((name) => diagram(name)), diagram("rnn", {}, "decode"), diagram("mae", {}, "rebuilt"), diagram("mae", {}, "missed")]) {
      for (const { from, to, loop } of drawn.edges) if (!loop) expect(from).toBeLessThan(to);
      expect(drawn.nodes.filter(({ kind }) => kind === "output")).toHaveLength(1);
    }
  });
});

describe("layoutOf", () => {
  const settings = { deep: { vocab: "50", layers: "3" }, plain: { vocab: "50", attention: "none", both: "false", layers: "2" } };
  const figures = [...FAMILIES.map((name) => [name, {}, undefined] as const), ["rnn", settings.deep, undefined], ["rnn", settings.plain, undefined], ["rnn", {}, "decode"], ["mae", {}, "rebuilt"], ["mae", {}, "missed"]] as const;
  it.each(figures)("of %s %j %s has everything in a place of its own, within the picture", (name, set, entry) => {
    const drawn = diagram(name, set, entry);
    const { boxes, frames, wires, width, height } = layoutOf(drawn);
    expect(frames).toHaveLength(drawn.stacks.length);
    const areas = boxes.map(({ x, y, width: w, height: h }): Area => ({ left: x - w / 2, right: x + w / 2, top: y - h / 2, bottom: y + h / 2 }));
    const labels = wires.flatMap(({ label }) => (label === undefined ? [] : [textArea(label)]));
    for (const area of [...areas, ...labels]) expect(area.left >= 0 && area.right <= width && area.top >= 0 && area.bottom <= height, JSON.stringify(area)).toBe(true);
    const all = [...areas, ...labels];
    all.forEach((a, at) => all.slice(at + 1).forEach((b) => expect(overlap(a, b), JSON.stringify([a, b])).toBe(false)));
    // A frame holds the boxes of its stack and no others.
    for (const frame of frames) {
      const inside = boxes.filter(({ x, y }) => x > frame.left && x < frame.left + frame.width && y > frame.top && y < frame.top + frame.height);
      expect(new Set(inside.map(({ node }) => node.stack)).size).toBe(1);
    }
    for (const { points } of wires) for (const [x, y] of points) expect(x >= 0 && x <= width && y >= 0 && y <= height).toBe(true);
  });

  it.each(figures)("of %s %j %s leads each way from a box, or off another way, to a box's edge", (name, set, entry) => {
    const { boxes, wires } = layoutOf(diagram(name, set, entry));
    const touches = ([px, py]: readonly [number, number], slack: number): boolean => boxes.some(({ x, y, width: w, height: h }) => {
      const [dx, dy] = [Math.abs(px - x) - w / 2, Math.abs(py - y) - h / 2];
      return Math.max(dx, dy) <= slack && Math.max(dx, dy) >= -1;
    });
    const isOn = ([px, py]: readonly [number, number], { points }: Wire): boolean => points.slice(1).some(([x, y], at) => {
      const [fromX, fromY] = points[at] as readonly [number, number];
      return px >= Math.min(fromX, x) && px <= Math.max(fromX, x) && py >= Math.min(fromY, y) && py <= Math.max(fromY, y);
    });
    for (const wire of wires) {
      const [start, end] = [wire.points[0]!, wire.points.at(-1)!];
      expect(touches(end, 1), `${wire.label?.text} ends at ${end.join(" ")}`).toBe(true);
      expect(touches(start, 1) || wires.some((other) => other !== wire && isOn(start, other)), `${wire.label?.text} starts at ${start.join(" ")}`).toBe(true);
    }
    // No two ways come to one point.
    const ends = wires.map(({ points }) => points.at(-1)!.map(Math.round).join(" "));
    expect(new Set(ends).size).toBe(ends.length);
  });
});

interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const overlap = (a: Area, b: Area): boolean => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** Of text of 11 pixels, whose characters are 5.5 wide on the average and whose capitals are 8 high. */
function textArea({ text, x, y, end }: NonNullable<Wire["label"]>): Area {
  const width = 5.5 * text.length;
  return { left: end ? x - width : x, right: end ? x : x + width, top: y - 8, bottom: y + 2 };
}

describe("diagramSvg", () => {
  it("is well-formed and asks for nothing", () => {
    const svg = diagramSvg(diagram("translation"));
    assertWellFormed(svg);
    expect(/\s(?:src|href)=|@import|<script/.test(svg)).toBe(false);
    expect(svg).toContain("× 2");
  });
  it("has colours without variables too, for viewers that know none", () => {
    const svg = diagramSvg(diagram("translation"));
    expect(svg.match(/(fill|stroke):#[0-9a-f]{3,6};\1:var\(--[a-z]+\)/g)?.length).toBe(svg.match(/var\(/g)?.length);
  });
});
