/**
 * What a row goes on with. A function that gives logits for every place of a row, [B, T, vocab], is asked for those of the last place when
 * text is generated. `last.forward` gives these alone, so that little else is computed of the last layer (passes/one-place.ts).
 */
import type { Entry, SizeRequirement } from "./check/model.ts";
import * as dims from "./dim.ts";
import { GraphBuilder } from "./ir/builder.ts";
import { access, size } from "./ir/expr.ts";
import { lastEntry } from "../runtime/decode/entries.ts";

/** The entry whose result [B, T, vocab] is [B, vocab], that of the last place; it requires that there is one. */
export function ofLastPlace({ name, inputs, requires, graph }: Pick<Entry, "name" | "inputs" | "requires" | "graph">): Pick<Entry, "name" | "inputs" | "requires" | "graph"> {
  const builder = new GraphBuilder(lastEntry(name), { values: graph.values, outputs: [] });
  const output = graph.outputs.find(({ state }) => state === undefined)!;
  const logits = builder.value(output.value);
  const [rows, length, vocabulary] = logits.shape;
  if (!rows || !length || !vocabulary) throw new Error(`internal: ${name} gives no logits [B, T, vocab]`);
  const before = dims.subtract(length, dims.ONE);
  builder.output(output.name, builder.map(logits.name, [rows, vocabulary], (b, v) => access(logits, b!, size(before), v!)));
  const required: SizeRequirement = { text: `${dims.print(length)} > 0`, test: { kind: "nonnegative", size: before } };
  return { name: lastEntry(name), inputs, requires: [...requires, required], graph: builder.build() };
}
