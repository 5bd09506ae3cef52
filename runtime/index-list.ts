/**
 * The inverse of a vector of indices, so that the gradient of a gather is sums of segments: `rows + 1` starts, then the
 * positions sorted by (index, position). Row r was read at positions[starts[r] … starts[r + 1]).
 */

/** Counting sort, stable and linear. Writes rows + 1 + indices.length numbers to `into`; indices must be in [0, rows). */
export function writeIndexList(indices: ArrayLike<number>, rows: number, into: Int32Array): void {
  into.fill(0, 0, rows + 1);
  for (let at = 0; at < indices.length; at++) {
    const next = (indices[at] as number) + 1;
    into[next] = (into[next] as number) + 1;
  }
  for (let row = 1; row <= rows; row++) into[row] = (into[row] as number) + (into[row - 1] as number);
  // Each start serves as the cursor of its row, which leaves it at the next row's start: shifted back afterwards.
  for (let at = 0; at < indices.length; at++) {
    const row = indices[at] as number;
    const cursor = into[row] as number;
    into[rows + 1 + cursor] = at;
    into[row] = cursor + 1;
  }
  into.copyWithin(1, 0, rows);
  into[0] = 0;
}
