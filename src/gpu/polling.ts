/**
 * While anything is pending, Dawn's Node binding asks for what is done in every turn of the event loop, by the global `setImmediate`: a
 * core that does nothing else. Where the adapter computes on the CPU, that core is wanted for the work itself. There it is asked so only
 * when a wait begins, for what is done at once, and then once in a millisecond, which is little of what a step takes.
 */
export function pollSparingly(): void {
  if (pacing) return;
  pacing = true;
  const immediate = globalThis.setImmediate;
  let asking = false;
  let eagerUntil = 0;
  const paced = (task: Task, ...args: readonly unknown[]): unknown => {
    if (!isDawns(task)) return immediate(task, ...args);
    const now = performance.now();
    // What is pending after it was asked for is asked for again from there.
    if (!asking) eagerUntil = now + EAGER_MS;
    const ask = (): void => {
      asking = true;
      task();
      asking = false;
    };
    return now < eagerUntil ? immediate(ask) : setTimeout(ask, PACE_MS);
  };
  globalThis.setImmediate = Object.defineProperties(paced, Object.getOwnPropertyDescriptors(immediate)) as typeof immediate;
}

type Task = (...args: readonly unknown[]) => void;

const PACE_MS = 1;
const EAGER_MS = 0.5;
let pacing = false;

/** Nobody else hands over a native function without a name. */
function isDawns(task: Task): boolean {
  return task.name === "" && Function.prototype.toString.call(task).endsWith("{ [native code] }");
}
