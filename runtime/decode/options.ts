/**
 * What can be said of decoding beside its method, by a recipe's `generate`, a command line or a program: which values make sense, and to
 * which methods they belong.
 */
import type { Decoding } from "./decode.ts";

export const METHODS = ["greedy", "beam", "sample"] as const satisfies readonly Decoding["method"][];

export interface GenerateOption {
  readonly name: string;
  /** The methods that it means anything to; absent: to all. */
  readonly methods?: readonly Decoding["method"][];
  /** "an integer of at least 1" */
  readonly wanted: string;
  isValid(value: number): boolean;
}

export const count = (least: number) => ({ wanted: `an integer of at least ${least}`, isValid: (value: number) => Number.isSafeInteger(value) && value >= least });

export const GENERATE_OPTIONS: readonly GenerateOption[] = [
  { name: "width", methods: ["beam"], ...count(1) },
  { name: "length_penalty", methods: ["beam"], wanted: "a number of at least 0", isValid: (value) => value >= 0 },
  { name: "temperature", methods: ["sample"], wanted: "a number of at least 0", isValid: (value) => value >= 0 },
  { name: "top_k", methods: ["sample"], ...count(1) },
  { name: "top_p", methods: ["sample"], wanted: "a number above 0 and at most 1", isValid: (value) => value > 0 && value <= 1 },
  { name: "seed", methods: ["sample"], ...count(0) },
  { name: "max_length", ...count(1) },
];

export function generateOptions(method: Decoding["method"]): readonly GenerateOption[] {
  return GENERATE_OPTIONS.filter(({ methods }) => methods === undefined || methods.includes(method));
}
