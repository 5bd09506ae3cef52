/** What every way of decoding asks of a model: logits of the next id. How they come about, anew or from a cache, is behind this. */
export interface NextLogits {
  /** Rows in a batch, and ids in a prefix, that the model takes at most. */
  readonly limits: { readonly rows: number; readonly length: number };
  /** Fixes the sources of a batch, all padded to one length; rows are numbered in their order. Empty sources: the model has none. */
  begin(sources: readonly Int32Array[]): Continuation;
}

export interface Continuation {
  /**
   * Logits [rows.length, vocabulary] of the id after each prefix; `prefixes` is [rows.length, length]. A row occurs as often as it has
   * prefixes, none where it has ended.
   */
  next(rows: readonly number[], prefixes: Int32Array, length: number): Promise<Float32Array>;
}

export interface DecodeRequest {
  /** What is translated or described; absent for a model that only continues. */
  readonly source?: ArrayLike<number>;
  /** At least one id: the start token, or a prompt. */
  readonly prefix: ArrayLike<number>;
}

export interface DecodeOptions {
  /** The id that ends a sequence. */
  readonly end: number;
  /** New ids at most. */
  readonly maxLength: number;
  /** Fills shorter sources, where the model masks it; without, only sources of equal length share a batch. */
  readonly pad?: number;
  /** Whether a prefix above the model's limit is cut to its last ids, which is how a model that only continues goes on without end. */
  readonly slide?: boolean;
  /** Requests of a batch at most. Default: what the model takes. */
  readonly batch?: number;
  /** Ends the decoding before its next id: what the signal throws is thrown. */
  readonly signal?: AbortSignal;
  /** Called after each batch with the number of requests done. */
  readonly onProgress?: (done: number) => void;
}
