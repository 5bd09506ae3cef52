/** The largest of what `of` gives, and no less than 0. Of any number of values, where a call takes only so many arguments. */
export function largest<T>(values: Iterable<T>, of: (value: T) => number): number {
  let most = 0;
  for (const value of values) most = Math.max(most, of(value));
  return most;
}
