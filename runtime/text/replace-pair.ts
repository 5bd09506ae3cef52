/**
 * Joins a pair of ids wherever it stands in a word, from left to right, in place ("aaa" with a, a → b becomes "ba"), and says how often.
 * `changed` is told each pair of neighbours that is gone (-1) or new (1), so that counts of pairs need not be made anew.
 */
export function replacePair(ids: number[], [left, right]: readonly [number, number], joined: number, changed: (left: number, right: number, by: 1 | -1) => void): number {
  let count = 0, length = 0, followsJoined = false;
  for (let i = 0; i < ids.length; ) {
    const before = ids[length - 1], id = ids[i] as number;
    if (id !== left || ids[i + 1] !== right) {
      if (followsJoined) changed(joined, id, 1);
      ids[length++] = id;
      followsJoined = false;
      i++;
      continue;
    }
    if (before !== undefined) {
      // Behind a joined pair the old neighbours have been told with that pair.
      if (!followsJoined) changed(before, left, -1);
      changed(before, joined, 1);
    }
    changed(left, right, -1);
    const after = ids[i + 2];
    if (after !== undefined) changed(right, after, -1);
    ids[length++] = joined;
    followsJoined = true;
    count++;
    i += 2;
  }
  ids.length = length;
  return count;
}
