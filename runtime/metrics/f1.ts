/**
 * F1, the harmonic mean of precision and recall: of class 1 where all classes are 0 and 1, else the mean over the classes that occur
 * (macro F1). A class that is never given rightly has 0; F1 of nothing is 0.
 */
export function f1(given: readonly number[], wanted: readonly number[]): number {
  if (given.length !== wanted.length) throw new Error(`internal: ${given.length} classes for ${wanted.length}`);
  const classes = [...new Set([...given, ...wanted])].sort((a, b) => a - b);
  const counted = classes.every((value) => value === 0 || value === 1) ? [1] : classes;
  const scores = counted.map((value) => {
    let both = 0, one = 0;
    for (let at = 0; at < given.length; at++) {
      const a = given[at] === value, b = wanted[at] === value;
      if (a && b) both++;
      else if (a || b) one++;
    }
    return both === 0 ? 0 : (2 * both) / (2 * both + one);
  });
  return given.length === 0 ? 0 : scores.reduce((sum, score) => sum + score, 0) / scores.length;
}
