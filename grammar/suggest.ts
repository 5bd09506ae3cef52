/**
 * The name that was probably meant: the one with the fewest edits, if they are few for its length, or one that is a part of it
 * (`num_heads`: `heads`). `norm2` is no slip for `norm1`: names that differ in their numbers alone are two.
 */
export function nearest(name: string, all: Iterable<string>): string | undefined {
  const known = [...all].filter((candidate) => candidate !== name && !differInNumber(candidate, name));
  let best: string | undefined;
  let least = name.length < 3 ? 1 : Math.floor(name.length / 3) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const edits = distance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < least) [best, least] = [candidate, edits];
  }
  if (best !== undefined && least <= 2) return best;
  return longestPart(name, known) ?? best;
}

/** Of plain names; a path such as `encoder.9` is a slip for `encoder.0`. */
function differInNumber(a: string, b: string): boolean {
  const [first, second] = [/^(\w*?)(\d+)$/.exec(a), /^(\w*?)(\d+)$/.exec(b)];
  return first !== null && second !== null && first[1] === second[1];
}

function longestPart(name: string, known: readonly string[]): string | undefined {
  const parts = known.filter((candidate) => candidate.length > 2 && `_${name}_`.toLowerCase().includes(`_${candidate}_`.toLowerCase()));
  return parts.sort((a, b) => b.length - a.length)[0];
}

/** Edits between two words: insert, delete, replace, swap two neighbours (Damerau 1964, restricted). */
export function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let edits = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits = Math.min(edits, before[j - 2]! + 1);
      next.push(edits);
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}
