import { shown } from "./shown.ts";

/**
 * What can go wrong at run time and is not a bug of ours. `exit` is the exit code that a command ends with:
 * 1 the model or the data is wrong, 2 usage, 3 no adapter, 4 device lost or out of memory, 5 diverged.
 */
export type ExitCode = 1 | 2 | 3 | 4 | 5;

export class TfmError extends Error {
  /** Stable, in kebab-case: `size-above-bound`. */
  readonly code: string;
  readonly exit: ExitCode;
  /** What to do about it, a sentence. */
  readonly hint?: string;

  constructor(code: string, exit: ExitCode, message: string, hint?: string) {
    super(message);
    this.name = "TfmError";
    this.code = code;
    this.exit = exit;
    if (hint !== undefined) this.hint = hint;
  }
}

/** One function per message, in the order in which a run meets them. */

export function noWebGpu(): TfmError {
  return new TfmError(
    "no-webgpu",
    3,
    "There is no WebGPU here.",
    "In a browser it needs a recent Chrome, Edge, Firefox or Safari; elsewhere hand in a `gpu` or a `device`.",
  );
}

export function noAdapter(): TfmError {
  return new TfmError("no-adapter", 3, "WebGPU offers no adapter on this machine.", "In Node, `npx tfmc exec -- node app.js` starts a program where the adapter's driver is found, and `npx tfmc doctor` says what is missing.");
}

export function noVariant(kernel: string, features: readonly string[]): TfmError {
  return new TfmError(
    "no-kernel-variant",
    3,
    `The kernel ${kernel} needs ${features.join(" and ")}, which this adapter lacks, and has no variant without.`,
  );
}

export function unknownBound(name: string): TfmError {
  return new TfmError("bound-missing", 2, `The size ${name} has no bound.`, `Give its largest value: bounds: { ${name}: 64 }.`);
}

export function badSize(name: string, value: unknown): TfmError {
  return new TfmError("size-not-a-count", 1, `The size ${name} must be a whole number of at least 0; it is ${shown(value)}.`);
}

export function missingSize(entry: string, name: string): TfmError {
  return new TfmError("size-missing", 1, `${entry} needs the size ${name}, which was not given.`);
}

export function sizeAboveBound(name: string, value: number, bound: number): TfmError {
  return new TfmError(
    "size-above-bound",
    1,
    `The size ${name} is ${value}, above this session's limit of ${bound}.`,
    `Use shorter or fewer sequences, or make the session with a larger bound for ${name}.`,
  );
}

/** `entry`: what a program calls it; before its last dot stands what was made of a function that somebody wrote. */
export function requirementFails(entry: string, text: string, sizes: string, limit: string | undefined): TfmError {
  return new TfmError("requirement-fails", 1, `${entry.split(".").at(-1)} requires ${text}, which does not hold for ${sizes}${limit === undefined ? "" : `: ${limit}`}.`);
}

export function missingField(entry: string, field: string): TfmError {
  return new TfmError("field-missing", 1, `${entry} needs the field ${field}, which was not given.`);
}

export function fieldType(field: string, expected: string, found: string): TfmError {
  return new TfmError("field-type", 1, `The field ${field} holds ${expected}; it was given as ${found}.`);
}

export function fieldLength(field: string, shape: readonly number[], expected: number, found: number): TfmError {
  return new TfmError("field-length", 1, `The field ${field} of shape [${shape.join(", ")}] has ${expected} elements; ${found} were given.`);
}

export function indexOutOfRange(field: string, position: readonly number[], value: number, range: number): TfmError {
  return new TfmError(
    "index-out-of-range",
    1,
    `The field ${field} has ${value} at [${position.join(", ")}]; its values must be from 0 to ${range - 1}.`,
    "Was it made with the tokenizer that the model was trained with?",
  );
}

/** `sized`: whether it is as large as the batch makes it. */
export function valueAboveBinding(name: string, bytes: number, limit: number, sized: boolean): TfmError {
  return new TfmError(
    "value-too-large",
    4,
    `The value ${name} takes ${mebibytes(bytes)}; this device binds at most ${mebibytes(limit)} at once.`,
    sized ? "Use a smaller batch or shorter sequences." : "It is as large for every batch: make it smaller, as by a smaller vocabulary, or use a device that binds more.",
  );
}

/** `name`: of a buffer that holds all of its kind. */
export function stateAboveBuffer(name: string, bytes: number, limit: number): TfmError {
  return new TfmError(
    "value-too-large",
    4,
    `The model's ${name} take ${mebibytes(bytes)} together; this device's largest buffer has ${mebibytes(limit)}.`,
    "Make the model smaller, or use a device with larger buffers.",
  );
}

export function aboveBudget(bytes: number, budget: number, parts: string): TfmError {
  return new TfmError(
    "out-of-memory",
    4,
    `The session needs ${mebibytes(bytes)} of GPU memory (${parts}); its budget is ${mebibytes(budget)}.`,
    "Use a smaller batch, shorter sequences or a smaller model. An app sets the budget by `memoryBudget`; for `tfmc` it is three quarters of the memory, where the adapter computes on the CPU.",
  );
}

export function outOfMemory(detail: string): TfmError {
  return new TfmError("out-of-memory", 4, `The GPU is out of memory: ${detail}`, "Use a smaller batch, shorter sequences or a smaller model.");
}

export function deviceLost(reason: string, message: string): TfmError {
  const cause = message.trim() === "" ? "the driver gave no reason" : message.trim();
  const how = reason === "destroyed" ? "The GPU device was destroyed" : "The GPU device was lost";
  return new TfmError("device-lost", 4, `${how}: ${cause}`, "Load the model again, on a new device; a training goes on from its last checkpoint with --resume.");
}

export function deviceSilent(seconds: number): TfmError {
  return new TfmError(
    "device-silent",
    4,
    `The GPU has not answered for ${seconds} s.`,
    "It may be hung or far too slow for this batch; try a smaller one.",
  );
}

export function deviceError(message: string): TfmError {
  return new TfmError("device-error", 4, `The GPU refused a command, which is a bug in tfm: ${message}`);
}

export function disposed(): TfmError {
  return new TfmError("session-disposed", 2, "The session was disposed.");
}

export function unknownName(what: string, name: string, known: readonly string[]): TfmError {
  return new TfmError(`unknown-${what}`, 2, `There is no ${what} ${name}; there ${known.length === 1 ? "is" : "are"} ${known.join(", ") || "none"}.`);
}

export function notFinite(step: number): TfmError {
  if (step === 1) {
    return new TfmError(
      "not-finite",
      5,
      "The loss or gradient norm is not finite at step 1, so not for what was learned but by the model or its data.",
      "Look for a division by 0, a logarithm or root of 0, or the exponential of a large number; `tfmc inspect` shows any value, and with --grad any gradient.",
    );
  }
  return new TfmError(
    "not-finite",
    5,
    `Training diverged: loss or gradient norm is not finite at step ${step}, which has changed no parameter.`,
    "Lower the learning rate, lengthen the warm-up or clip the gradient.",
  );
}

export function differentModel(differences: readonly string[]): TfmError {
  return new TfmError(
    "weights-of-another-model",
    1,
    `The weights are of another model; ${differences.length} of its tensors differ:\n${firstOf(differences)}`,
    "Use the same hyperparameters and tokenizer as when it was trained. Those of another program are taken over by `tfmc train FILE --init-from WEIGHTS --steps 0`.",
  );
}

/** Of a checkpoint whose weights are the model's. */
export function differentTraining(differences: readonly string[]): TfmError {
  return new TfmError(
    "resume-with-other-states",
    2,
    `The run was trained with another optimizer, or with other parameters frozen or averaged; ${differences.length} of its states differ:\n${firstOf(differences)}`,
    "Go on with the settings that it began with, or begin another run with its weights by --init-from.",
  );
}

/** A line each. */
function firstOf(differences: readonly string[]): string {
  const shown = differences.slice(0, 8);
  const more = differences.length > shown.length ? [`and ${differences.length - shown.length} more`] : [];
  return [...shown, ...more].map((line) => `  ${line}`).join("\n");
}

export function checkpointDamaged(file: string, cause: string): TfmError {
  return new TfmError("checkpoint-damaged", 1, `The checkpoint is damaged: ${file} ${cause}.`, "Take an earlier checkpoint, or start anew.");
}

export function otherSeed(checkpoint: number, session: number): TfmError {
  return new TfmError(
    "resume-with-other-seed",
    2,
    `The checkpoint was made with the seed ${checkpoint}; this run has ${session}, so it could not continue it.`,
    `Use --seed ${checkpoint}.`,
  );
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 2 : 0)} MiB`;
}
