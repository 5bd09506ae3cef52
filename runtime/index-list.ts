/**
 * The inverse of a vector of indices, so that the gradient of a gather is sums of segments: `rows + 1` starts, then the
 * positions sorted by (index, position). Row r was read at positions[starts[r] … starts[r + 1]).
 */

/** Counting sort, stable and linear. Writes at most rows + 1 + indices.length numbers to `into`. An index outside of [0, rows) is of no segment. */
export function writeIndexList(indices: ArrayLike<number>, rows: number, into: Int32Array): void {
  into.fill(0, 0, rows + 1);
  for (let at = 0; at < indices.length; at++) {
    const row = indices[at] as number;
    if (row >= 0 && row < rows) into[row + 1] = (into[row + 1] as number) + 1;
  }
  for (let row = 1; row <= rows; row++) into[row] = (into[row] as number) + (into[row - 1] as number);
  // Each start serves as the cursor of its row, which leaves it at the next row's start: shifted back afterwards.
  for (let at = 0; at < indices.length; at++) {
    const row = indices[at] as number;
    if (row < 0 || row >= rows) continue;
    const cursor = into[row] as number;
    into[rows + 1 + cursor] = at;
    into[row] = cursor + 1;
  }
  into.copyWithin(1, 0, rows);
  into[0] = 0;
}
