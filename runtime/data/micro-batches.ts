import type { Batch } from "./batches.ts";

/**
 * A batch in `count` parts of nearly equal numbers of rows, for gradients that are accumulated; fewer parts where there are fewer rows.
 * Each field's first axis is B, but for the shared ones, and sizes other than B stay as they are, so the parts together hold the same numbers as the whole.
 * `tokens` is shared out by what `next` holds, or by rows where there is no such field.
 */
export function microBatches(batch: Batch, count: number, pad: number): readonly Batch[] {
  const rows = batch.sizes["B"] as number;
  const parts: Batch[] = [];
  for (let part = 0; part < Math.min(count, rows); part++) {
    const from = Math.floor((part * rows) / Math.min(count, rows)), to = Math.floor(((part + 1) * rows) / Math.min(count, rows));
    const fields = Object.fromEntries(Object.entries(batch.fields).map(([name, data]) => {
      if (batch.shared?.includes(name)) return [name, data];
      const width = data.length / rows;
      return [name, data.slice(from * width, to * width)];
    }));
    const next = fields["next"];
    const tokens = next === undefined ? (batch.tokens * (to - from)) / rows : Array.from(next).filter((id) => id !== pad).length;
    parts.push({ sizes: { ...batch.sizes, B: to - from }, fields, tokens });
  }
  return parts;
}
