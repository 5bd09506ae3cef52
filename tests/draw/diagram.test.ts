import path from "node:path";
import { describe, expect, it } from "vitest";
import { diagramOf } from "../../src/draw/diagram.ts";
import type { Diagram } from "../../src/draw/diagram.ts";
import { layoutOf } from "../../src/draw/layout.ts";
import { diagramSvg } from "../../src/draw/svg.ts";
import { checkedModel } from "../../src/experiment/check.ts";
import { readModel } from "../../src/experiment/source.ts";
import { valueOf } from "../../src/failure.ts";
import { packageRoot } from "../../src/package-root.ts";
import { assertWellFormed } from "../report/well-formed.ts";

function diagram(name: string, set: Readonly<Record<string, string>> = {}, entry = "forward"): Diagram {
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
    expect(drawn.stacks.map(({ name, layer, times }) => [name, layer, times])).toEqual([["encoder", "EncoderLayer", 3], ["decoder", "DecoderLayer", 3]]);
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

  it("has every node behind those that it reads", () => {
    for (const drawn of [diagram("translation"), diagram("vit"), diagram("clip"), diagram("t5"), diagram("bert", {}, "encode"), diagram("rnn"), diagram("mae", {}, "rebuilt"), diagram("mae", {}, "missed")]) {
      for (const { from, to } of drawn.edges) expect(from).toBeLessThan(to);
      expect(drawn.nodes.filter(({ kind }) => kind === "output")).toHaveLength(1);
    }
  });
});

describe("layoutOf", () => {
  const FORWARD = ["translation", "gpt", "moe", "vit", "clip", "t5", "rnn"].map((name) => [name, "forward"] as const);
  it.each([...FORWARD, ["bert", "encode"], ["mae", "rebuilt"], ["mae", "missed"]] as const)("of %s, %s, has no two things in one place and all within the picture", (name, entry) => {
    const drawn = diagram(name, {}, entry);
    const { boxes, frames, wires, width, height } = layoutOf(drawn);
    // Every stack is there once.
    expect(frames).toHaveLength(drawn.stacks.length);
    boxes.forEach((a, at) => {
      expect(a.x - a.width / 2 >= 0 && a.x + a.width / 2 <= width && a.y - a.height / 2 >= 0 && a.y + a.height / 2 <= height).toBe(true);
      for (const b of boxes.slice(at + 1)) expect(Math.abs(a.x - b.x) >= (a.width + b.width) / 2 || Math.abs(a.y - b.y) >= (a.height + b.height) / 2).toBe(true);
    });
    // A frame holds the boxes of its stack and no others.
    for (const frame of frames) {
      const inside = boxes.filter(({ x, y }) => x > frame.left && x < frame.left + frame.width && y > frame.top && y < frame.top + frame.height);
      expect(new Set(inside.map(({ node }) => node.stack)).size).toBe(1);
    }
    for (const { points } of wires) for (const [x, y] of points) expect(x >= 0 && x <= width && y >= 0 && y <= height).toBe(true);
    // Shapes in letters of 11 units, half as wide as they are high.
    const labels = wires.flatMap(({ label }) => (label ? [{ ...label, left: label.end ? label.x - 5.5 * label.text.length : label.x, right: label.end ? label.x : label.x + 5.5 * label.text.length }] : []));
    labels.forEach((a, at) => {
      for (const b of labels.slice(at + 1)) expect(a.right <= b.left || b.right <= a.left || Math.abs(a.y - b.y) >= 11, `${a.text} and ${b.text} at ${a.x}, ${a.y}`).toBe(true);
      // No line through it but the one that it belongs to, which may end beside it.
      for (const { points } of wires)
        points.slice(1).forEach(([x1, y1], k) => {
          const [x0, y0] = points[k]!;
          const apart = Math.max(x0, x1) <= a.left || Math.min(x0, x1) >= a.right || Math.max(y0, y1) <= a.y - 8 || Math.min(y0, y1) >= a.y;
          expect(apart, `a line through ${a.text} at ${a.x}, ${a.y}`).toBe(true);
        });
    });
  });
});

describe("diagramSvg", () => {
  it("is well-formed and asks for nothing", () => {
    const svg = diagramSvg(diagram("translation"));
    assertWellFormed(svg);
    expect(/\s(?:src|href)=|@import|<script/.test(svg)).toBe(false);
    expect(svg).toContain("× 2");
  });
});
