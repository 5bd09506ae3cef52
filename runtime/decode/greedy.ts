/**
 * Greedy decoding: the likeliest token, again and again, for many sequences at once. Sequences of about the same length share a
 * batch, and those that have ended leave it, so what is left runs at its own size.
 */

/** What decoding asks of a model. */
export interface NextLogits {
  /** Rows in a batch, and ids in a prefix, that the model takes at most. */
  readonly limits: { readonly rows: number; readonly length: number };
  /** Fixes the sources of a batch, all padded to one length; rows are numbered in their order. Empty sources: the model has none. */
  begin(sources: readonly Int32Array[]): Continuation;
}

export interface Continuation {
  /** Logits [rows.length, vocabulary] of the id after each row's prefix; `prefixes` is [rows.length, length]. */
  next(rows: readonly number[], prefixes: Int32Array, length: number): Promise<Float32Array>;
}

export interface DecodeRequest {
  /** What is translated or described; absent for a model that only continues. */
  readonly source?: ArrayLike<number>;
  /** At least one id: the start token, or a prompt. */
  readonly prefix: ArrayLike<number>;
}

export interface GreedyOptions {
  /** The id that ends a sequence. */
  readonly end: number;
  /** New ids at most. */
  readonly maxLength: number;
  /** Fills shorter sources, where the model masks it; without, only sources of equal length share a batch. */
  readonly pad?: number;
  /** Rows of a batch at most. Default: what the model takes. */
  readonly batch?: number;
  /** Called after each batch with the number of requests done. */
  readonly onProgress?: (done: number) => void;
}

/** The new ids of each request, without its prefix and without `end`. */
export async function greedy(model: NextLogits, requests: readonly DecodeRequest[], options: GreedyOptions): Promise<number[][]> {
  const answers: number[][] = requests.map(() => []);
  let done = 0;
  for (const batch of batchesOf(requests, model.limits.rows, options)) {
    await decodeBatch(model, batch.map((at) => ({ request: requests[at] as DecodeRequest, answer: answers[at] as number[] })), options);
    done += batch.length;
    options.onProgress?.(done);
  }
  return answers;
}

/** Indices of requests by batch: equal prefix lengths, and similar (or without padding equal) source lengths. */
export function batchesOf(requests: readonly DecodeRequest[], rows: number, options: Pick<GreedyOptions, "batch" | "pad">): readonly (readonly number[])[] {
  const most = Math.max(1, Math.min(rows, options.batch ?? rows));
  const sourceLength = (at: number): number => requests[at]?.source?.length ?? 0;
  const prefixLength = (at: number): number => requests[at]?.prefix.length ?? 0;
  const order = requests.map((_, at) => at).sort((a, b) => prefixLength(a) - prefixLength(b) || sourceLength(a) - sourceLength(b) || a - b);
  const batches: number[][] = [];
  for (const at of order) {
    const open = batches.at(-1);
    const first = open?.[0];
    const fits = first !== undefined && prefixLength(first) === prefixLength(at) && (options.pad !== undefined || sourceLength(first) === sourceLength(at));
    if (open !== undefined && fits && open.length < most) open.push(at);
    else batches.push([at]);
  }
  return batches;
}

async function decodeBatch(
  model: NextLogits,
  batch: readonly { readonly request: DecodeRequest; readonly answer: number[] }[],
  { end, maxLength, pad = 0 }: GreedyOptions,
): Promise<void> {
  const width = Math.max(...batch.map(({ request }) => request.source?.length ?? 0));
  const continuation = model.begin(batch.map(({ request }) => filled(request.source ?? [], width, pad)));
  const prefixLength = batch[0]?.request.prefix.length ?? 0;
  let open = batch.map((_, row) => row);
  // A prompt above the model's limit is fed all the same, for the error that it gives.
  const longest = Math.max(prefixLength, Math.min(model.limits.length, prefixLength + maxLength - 1));
  for (let length = prefixLength; open.length > 0 && length <= longest; length++) {
    const prefixes = new Int32Array(open.length * length);
    open.forEach((row, at) => {
      const { request, answer } = batch[row] as (typeof batch)[number];
      prefixes.set(Array.from(request.prefix), at * length);
      prefixes.set(answer, at * length + prefixLength);
    });
    const logits = await continuation.next(open, prefixes, length);
    const vocabulary = logits.length / open.length;
    open = open.filter((row, at) => {
      const id = likeliest(logits, at * vocabulary, vocabulary);
      if (id === end) return false;
      batch[row]?.answer.push(id);
      return true;
    });
  }
}

function filled(ids: ArrayLike<number>, width: number, pad: number): Int32Array {
  const row = new Int32Array(width).fill(pad);
  row.set(Array.from(ids));
  return row;
}

/** The position of the largest value, the first of equals. */
function likeliest(values: Float32Array, from: number, count: number): number {
  let best = 0;
  let highest = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < count; at++) {
    const value = values[from + at] as number;
    if (value > highest) {
      highest = value;
      best = at;
    }
  }
  return best;
}
