/**
 * What the checker makes of a file: every layer built, every shape proved, every function that the outside may call
 * lowered to a graph of equations. Sizes of the batch stay symbolic; hyperparameters are numbers.
 */
import type { SourceFile, Span } from "../../grammar/source.ts";
import type { Init, Requirement } from "../../runtime/program.ts";
import type { WeightNames } from "../../runtime/training/weight-names.ts";
import type { Dim } from "../dim.ts";
import type { Expr, Graph, ScalarType, ValueId } from "../ir/graph.ts";

export interface Model {
  readonly name: string;
  readonly file: SourceFile;
  /** Where the model stands: that file, or one that it uses. */
  readonly declaredIn: SourceFile;
  /** The instance tree, for printing and for the names of values. */
  readonly root: Instance;
  /** In order of construction; paths are unique. */
  readonly parameters: readonly Parameter[];
  /** What layers keep from step to step without a gradient: `state` items, such as running statistics. Paths are unique with those above. */
  readonly running: readonly Parameter[];
  /** `forward`, `encode`, `decode` … of the model, with `training` false. */
  readonly entries: readonly Entry[];
  /** Its `weights` blocks: how the files of other programs call the parameters. */
  readonly weights: readonly WeightNames[];
  /** The chosen recipe, absent when the file has none. */
  readonly recipe?: Recipe;
}

export interface Instance {
  readonly path: string;
  readonly layer: string;
  readonly hyperparameters: readonly (readonly [name: string, value: string])[];
  readonly children: readonly Instance[];
  readonly span: Span;
}

export interface Parameter {
  /** Dotted: `encoder.0.attend.wq`. */
  readonly path: string;
  readonly shape: readonly number[];
  readonly init: Initializer;
  readonly span: Span;
}

export type Initializer = Init;

export interface Entry {
  readonly name: string;
  readonly inputs: readonly EntryInput[];
  readonly outputs: readonly EntryOutput[];
  /** Sizes that its inputs bind, with what `require` asks of them, checked when a batch is fed. */
  readonly sizes: readonly string[];
  readonly requires: readonly SizeRequirement[];
  readonly graph: Graph;
  /** For looking inside. */
  everything(): Everything;
}

/** All that an entry's functions compute, also what its outputs do not need; values of `graph` have the same names here. */
export interface Everything {
  /** Its outputs are those that are no states. */
  readonly graph: Graph;
  /** What layers gave, by their paths: `encoder.0`, at a second call `encoder.0~2`. */
  readonly results: readonly NamedResult[];
}

export interface NamedResult {
  readonly name: string;
  readonly value: ValueId;
}

export interface EntryInput {
  readonly name: string;
  readonly type: ScalarType;
  readonly shape: readonly Dim[];
  /** Elements are in [0, range). */
  readonly range?: Dim;
}

export interface EntryOutput {
  readonly name: string;
  readonly type: ScalarType;
  readonly shape: readonly Dim[];
}

/** `T <= 64`, as `difference >= 0` or `divisor divides size`, with the text to show when it fails. */
export type SizeRequirement = Requirement;

export interface Recipe {
  readonly name: string;
  readonly tokenizer?: TokenizerSpec;
  readonly data: DataSpec;
  /** `training` true; its graph's only output is `loss`, a scalar; inputs are fields of the data. */
  readonly loss: Entry;
  readonly metrics: readonly Entry[];
  /** The loss with `training` false, for data that are not trained on. */
  readonly validationLoss: Entry;
  /** What is measured on and not trained on: a share of the data, or the path of others for the same source. Absent: what the data's files set aside. */
  readonly validation?: number | string;
  /** Steps between two evaluations during training. */
  readonly evaluate?: number;
  /** Evaluations without a better figure that end the run. */
  readonly patience?: number;
  /** The figure that tells which weights are best, and all that is measured during training. Absent: all is, and the first decides. */
  readonly watch?: string;
  readonly optimizer: Optimizer;
  /** Built-in metrics by name: `bleu`, `exact_match`, `perplexity`. */
  readonly reports: readonly string[];
  readonly batch: number;
  readonly steps: number;
  /** What is fed before the recipe's own data and batches are. */
  readonly phases?: readonly Phase[];
  readonly seed: number;
  readonly accumulate: number;
  /** Global norm of the gradient above which it is scaled down; absent: no clipping. */
  readonly clip?: number;
  /** The most of the old that a step leaves in the average of the weights, which is then what the model is used with; absent: none. */
  readonly average?: number;
  readonly generate?: GenerateSpec;
  readonly initFrom?: string;
}

/** The steps up to a share of all, 0 to 1, for which the data have another length, or batches another size. */
export interface Phase {
  readonly until: number;
  readonly length?: number;
  readonly batch?: number;
}

export interface TokenizerSpec {
  readonly kind: "bpe" | "characters" | "bytes" | "wordpiece" | "unigram";
  /** As declared: what is trained has at most as many tokens. */
  readonly size?: number;
  /** What `tokenizer.size` is: the tokens of the trained one, where it is there. */
  readonly vocabulary: number;
}

export interface DataSpec {
  /** `pairs`, `text`, … as declared in std/data.tfm, or a declaration of the model's own. */
  readonly source: string;
  readonly arguments: Readonly<Record<string, string | number | boolean>>;
  readonly fields: readonly EntryInput[];
  /** Of a declaration of the model's own, which is a table with a column for each field. */
  readonly table?: TableSpec;
}

export interface TableSpec {
  /** The fields whose columns are texts, which become `index(tokenizer.size)[B, T]`. */
  readonly texts: readonly string[];
}

export interface Optimizer {
  readonly name: string;
  readonly states: readonly { readonly name: string; readonly init: Initializer }[];
  /** Those that decay and those that the recipe's `undecayed` names, then the same for each of its `rates`. A parameter in none is frozen. */
  readonly groups: readonly OptimizerGroup[];
  /** The learning rate, a function of `step`, of parameters without a rate of their own. */
  readonly learningRate?: Expr;
}

/** Parameters that have an update in common. */
export interface OptimizerGroup {
  /** `decayed`, `undecayed`; `decayed.1` for the first of the recipe's `rates`. */
  readonly name: string;
  readonly paths: readonly string[];
  /**
   * One update, lowered for a flat vector of length `n` (a named size). States: kind "parameter" path `w`, "gradient" path `dw`,
   * "optimizer" by their names.
   */
  readonly graph: Graph;
}

export interface GenerateSpec {
  readonly method: "greedy" | "beam" | "sample";
  /** Entry whose first argument grows: `forward`. */
  readonly entry: string;
  readonly options: Readonly<Record<string, number>>;
}
