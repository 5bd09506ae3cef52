/** Of the processor, in milliseconds: other tests run beside the one that asks. */
const SLOWEST = 2000;

/** What the work gives; throws where it takes the processor longer than a user would wait. Asking for its time costs more than most inputs do, so only what was slow is asked, in a second run. */
export function promptly<T>(work: () => T, what: string): T {
  const started = performance.now();
  const result = work();
  if (performance.now() - started < SLOWEST) return result;
  const before = process.cpuUsage();
  work();
  const milliseconds = process.cpuUsage(before).user / 1000;
  if (milliseconds >= SLOWEST) throw new Error(`${milliseconds.toFixed()} ms for:\n${what}`);
  return result;
}
