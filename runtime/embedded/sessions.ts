/**
 * The session behind a loaded model, made anew and larger when a call is larger than all before: nobody need know the sizes in
 * advance. The first session keeps the weights; later ones share them, and have room for the entries that were called.
 */
import { totalBytes } from "../buffers.ts";
import { TfmError } from "../errors.ts";
import { checkSizes, sizesOfAll } from "../feed.ts";
import type { Entry, Program } from "../program.ts";
import { createSession } from "../create-session.ts";
import type { SessionOptions } from "../create-session.ts";
import type { Session } from "../session.ts";
import { upperLimit } from "../size.ts";
import type { Sizes } from "../size.ts";

/** Of every size that nothing else is known of, at first. */
const FIRST = 16;

export class Sessions {
  /** The first: it holds the weights. */
  readonly base: Session;
  private readonly limits: ReadonlyMap<string, number>;
  private readonly options: Omit<SessionOptions, "bounds">;
  private current: Session;
  private alive = true;

  private constructor(base: Session, limits: ReadonlyMap<string, number>, options: Omit<SessionOptions, "bounds">) {
    this.base = base;
    this.current = base;
    this.limits = limits;
    this.options = options;
  }

  /** `entries`: those that are to be ready at first, all by default. */
  static async open(program: Program, { entries, ...options }: Omit<SessionOptions, "bounds"> & { readonly bounds?: Sizes }): Promise<Sessions> {
    const limits = sizeLimits(program.entries);
    const bounds = Object.fromEntries(sizesOfAll(program.entries).map((name) => [name, Math.min(options.bounds?.[name] ?? FIRST, limits.get(name) ?? Infinity)]));
    // A session holds the states that its entries use, and this one must hold all.
    const ready = entries && program.states.length < 2 ? { entries } : {};
    return new Sessions(await createSession(program, { ...options, ...ready, bounds }), limits, options);
  }

  /** The largest value that the entries' requirements leave to a size; Infinity where they leave it open. */
  limit(name: string): number {
    return this.limits.get(name) ?? Infinity;
  }

  /** A session in which `entry`, and `others` with it, take these sizes; valid until the next call. Throws a TfmError where they break a requirement of `entry`. */
  async fitting(entry: Entry, sizes: Sizes, others: readonly string[] = []): Promise<Session> {
    checkSizes(entry, Object.keys(sizes), sizes, sizes);
    const called = [entry.name, ...others];
    const above = (bounds: Sizes): [string, number][] => Object.entries(sizes).filter(([name, size]) => size > (bounds[name] ?? 0));
    const fits = (session: Session): boolean => above(session.bounds).length === 0 && called.every((name) => session.has(name));
    const found = [this.current, this.base].find(fits);
    if (found !== undefined || !this.alive) return found ?? this.current;
    const before = this.current, { bounds } = before;
    const larger = above(bounds);
    const entries = this.base.program.entries.map(({ name }) => name).filter((name) => called.includes(name) || (before !== this.base && before.has(name)));
    const roomy = larger.map(([name, size]): [string, number] => [name, Math.max(size, Math.min(2 * (bounds[name] ?? 0), this.limit(name)))]);
    // Before: all that is there at a time is to be within the budget.
    if (before !== this.base) before.dispose();
    this.current = this.base;
    const made = await this.make(entries, { ...bounds, ...Object.fromEntries(roomy) }, { ...bounds, ...Object.fromEntries(larger) });
    this.current = made;
    if (!this.alive) made.dispose();
    return made;
  }

  /** Room for growth is not worth failing for. */
  private async make(entries: readonly string[], roomy: Sizes, exact: Sizes): Promise<Session> {
    const { program, usage } = this.base;
    const shared = { ...this.options, held: totalBytes(usage.bytes), states: this.base, entries };
    try {
      return await createSession(program, { ...shared, bounds: roomy });
    } catch (error) {
      if (!(error instanceof TfmError) || !["out-of-memory", "value-too-large"].includes(error.code)) throw error;
      return createSession(program, { ...shared, bounds: exact });
    }
  }

  dispose(): void {
    this.alive = false;
    if (this.current !== this.base) this.current.dispose();
    this.base.dispose();
  }
}

/** From requirements of the form `64 - T >= 0`. */
function sizeLimits(entries: readonly Entry[]): ReadonlyMap<string, number> {
  const limits = new Map<string, number>();
  for (const { test } of entries.flatMap(({ requires }) => requires)) {
    const found = test.kind === "nonnegative" ? upperLimit(test.size) : undefined;
    if (found !== undefined) limits.set(found.name, Math.min(limits.get(found.name) ?? Infinity, found.most));
  }
  return limits;
}
