/** The model's names as names of a JavaScript module: they stay what they are but where JavaScript gives them another meaning. */
import { lastEntry } from "../../runtime/decode/entries.ts";
import type { Program } from "../../runtime/index.ts";

/** `transformer` for the model Transformer: the module's file name without its ending. */
export function moduleName(model: string): string {
  const plain = model.replace(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  // Windows reserves a few names, whatever their ending.
  return plain === "" || /^(con|prn|aux|nul|com\d|lpt\d)$/.test(plain) ? `model-${plain}`.replace(/-$/, "") : plain;
}

/** The model's name as that of an interface. */
export function typeName(model: string): string {
  const plain = model.replace(/\W+/g, "_").replace(/^(?=\d)/, "_");
  return free(plain === "" ? "Model" : plain, (name) => TAKEN_TYPES.has(name), "Model");
}

/** Names of types that the declarations use or declare, and words that no type may be called. */
const TAKEN_TYPES = new Set(
  (
    "any unknown never void undefined null string number boolean bigint symbol object true false this type readonly declare async await break case catch class const continue debugger default delete do else enum export extends " +
    "finally for function if implements import in instanceof interface let new package private protected public return static super switch throw try typeof var while with yield " +
    "Array ArrayBuffer ArrayBufferView Error Float32Array Int32Array Uint32Array Iterable Partial Promise PromiseLike Record globalThis " +
    "Booleans Decoding Device Gpu GenerateOptions Integers LoadOptions Ready Reals Resource Sizes Tensor TfmError Tokenizer load"
  ).split(" "),
);

/** What a loaded model has beside its entries; and `then`, which would make it a promise. */
const TAKEN_MEMBERS = new Set(["dispose", "generate", "tokenizer", "then", "__proto__"]);

export interface SafeNames {
  readonly program: Program;
  /** From the model's names of entries. */
  readonly entries: ReadonlyMap<string, string>;
}

/** Renames entries, inputs and outputs that JavaScript could not have as members: by an underscore behind them. */
export function withSafeNames(program: Program): SafeNames {
  const own = renamed(program.entries.map(({ name }) => name), (name) => TAKEN_MEMBERS.has(name));
  const entries = new Map([...own, ...[...own].map(([name, safe]) => [lastEntry(name), lastEntry(safe)] as const)]);
  const isSetter = (name: string): boolean => name === "__proto__";
  return {
    entries,
    program: {
      ...program,
      entries: program.entries.map((entry) => {
        const inputs = renamed(entry.inputs.map(({ name }) => name), isSetter);
        const outputs = renamed(entry.outputs.map(({ name }) => name), isSetter);
        return {
          ...entry,
          name: entries.get(entry.name) as string,
          inputs: entry.inputs.map((input) => ({ ...input, name: inputs.get(input.name) as string })),
          outputs: entry.outputs.map((output) => ({ ...output, name: outputs.get(output.name) as string })),
          indexLists: entry.indexLists.map((list) => ({ ...list, of: inputs.get(list.of) as string })),
        };
      }),
    },
  };
}

function renamed(names: readonly string[], isTaken: (name: string) => boolean): ReadonlyMap<string, string> {
  return new Map(names.map((name) => [name, isTaken(name) ? free(name, (other) => isTaken(other) || names.includes(other), "_") : name]));
}

/** The name, with as many endings as it takes. */
function free(name: string, isTaken: (name: string) => boolean, ending: string): string {
  let candidate = name;
  while (isTaken(candidate)) candidate += ending;
  return candidate;
}
