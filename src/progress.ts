/** Where progress goes: `process.stderr`, or a recording in tests. */
export interface ProgressStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

export interface ProgressOptions {
  readonly quiet?: boolean | undefined;
  /** Milliseconds between two redraws on a terminal. */
  readonly redrawEvery?: number | undefined;
  /** Milliseconds between two lines where the stream is not a terminal. */
  readonly lineEvery?: number | undefined;
  /** Milliseconds, rising. */
  readonly now?: (() => number) | undefined;
}

/** One redrawn line on a terminal; plain lines, a few a minute, elsewhere. */
export interface Progress {
  /** Shows the line now or, where the last one is too fresh, not at all. */
  update(line: string): void;
  /** A line that stays, above the redrawn one. */
  note(line: string): void;
  /** Ends the redrawn line. The last update shows, however fresh. */
  finish(): void;
}

export function progress(stream: ProgressStream, options: ProgressOptions = {}): Progress {
  if (options.quiet === true) return { update: () => {}, note: () => {}, finish: () => {} };
  const now = options.now ?? (() => performance.now());
  return stream.isTTY === true ? redrawn(stream, options.redrawEvery ?? 100, now) : plainLines(stream, options.lineEvery ?? 10_000, now);
}

const ERASE_LINE = "\r\u001b[2K";

function redrawn(stream: ProgressStream, every: number, now: () => number): Progress {
  let shown = "";
  let latest = "";
  let last = Number.NEGATIVE_INFINITY;
  const draw = (line: string): void => {
    // A line that wraps could not be erased. Terminals that do not know their width say 0.
    const fitting = [...line].slice(0, (stream.columns || 80) - 1).join("");
    if (fitting !== shown) stream.write(`${ERASE_LINE}${fitting}`);
    shown = fitting;
  };
  return {
    update: (line) => {
      latest = line;
      if (now() - last < every) return;
      last = now();
      draw(line);
    },
    note: (line) => {
      stream.write(`${shown === "" ? "" : ERASE_LINE}${line}\n`);
      shown = "";
      if (latest !== "") draw(latest);
    },
    finish: () => {
      if (latest === "") return;
      draw(latest);
      stream.write("\n");
      shown = "";
      latest = "";
    },
  };
}

function plainLines(stream: ProgressStream, every: number, now: () => number): Progress {
  let pending = "";
  let last = Number.NEGATIVE_INFINITY;
  return {
    update: (line) => {
      pending = line;
      if (now() - last < every) return;
      last = now();
      pending = "";
      stream.write(`${line}\n`);
    },
    note: (line) => {
      stream.write(`${line}\n`);
    },
    finish: () => {
      if (pending !== "") stream.write(`${pending}\n`);
      pending = "";
    },
  };
}
