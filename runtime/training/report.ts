/**
 * What the device says about a step: the state buffer of kind "report", eight f32 of which three are used. `update` writes it; the
 * training loop reads it every few steps.
 */
export const REPORT_LENGTH = 8;

/** Places in the report. */
export const REPORT = {
  /** The step's loss, the mean over what it counts; over all micro-batches once the last has run. */
  loss: 0,
  /** The global norm of the gradient before clipping. */
  gradNorm: 1,
  /** The first step whose loss or gradient norm was not finite, 0 while there is none. The update changed nothing at such a step. */
  badStep: 2,
} as const;

/** The name of the host scalar that is the learning rate of a step. */
export const LEARNING_RATE = "learning_rate";

/** Entries by convention: `count` for every micro-batch (where there is such an entry), `grad` for every one, `update` once. */
export const ENTRIES = { count: "count", grad: "grad", update: "update" } as const;
