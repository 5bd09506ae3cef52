/**
 * Where a training loop gets its batches: a pure function from the step to the batch. There is no position to save: a resumed run asks
 * for the step that it is at.
 */
export interface Batches {
  /** The batch of a step, counted from 0 and over all epochs. */
  batch(step: number): Batch;
  readonly stepsPerEpoch: number;
  /** The largest value of each size that any batch has. */
  readonly bounds: Readonly<Record<string, number>>;
}

export interface Batch {
  /** Values of the sizes in the fields' shapes, such as B, S and T. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Row-major. */
  readonly fields: Readonly<Record<string, Int32Array | Float32Array>>;
  /** Fields that have no row for each example: the same whatever part of the batch is taken. */
  readonly shared?: readonly string[];
  /** Predicted tokens: those that the loss counts, padding excluded. */
  readonly tokens: number;
}
