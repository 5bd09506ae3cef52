/**
 * What a program does with the small translator's module, as one function without anything from outside, so that its text runs in
 * another process and in a browser.
 */
export async function calls({ load, TfmError, gpu, weights, tokenizer }: Surroundings): Promise<Results> {
  const runs: Run[] = [];
  const errors: string[] = [];
  const refused = async (work: () => unknown): Promise<void> => {
    try {
      await work();
      errors.push("none");
    } catch (error) {
      errors.push(error instanceof TfmError ? error.code : String((error as Error).stack));
    }
  };
  const ids = (count: number, from: number): number[] => Array.from({ length: count }, (_, at) => 4 + ((from + 7 * at * at) % 40));
  const plain = ({ shape, data }: Tensor): Output => ({ shape, data: Array.from(data) });

  const model = await load(weights(), { tokenizer: tokenizer(), gpu, bounds: { B: 2, S: 4, T: 4, N: 2 } });

  // Packed, with one size given; then nested, larger than the bounds in both ways, and smaller again; at the same time.
  const forwards = [[2, 3, 4], [3, 9, 5], [1, 17, 33], [2, 1, 1]].map(async ([B = 0, S = 0, T = 0]) => {
    const source = ids(B * S, S), target = ids(B * T, T);
    source[B * S - 1] = 0;
    const logits = await model.forward({ source: Int32Array.from(source), target: Uint32Array.from(target) }, { B });
    runs.push({ entry: "forward", inputs: { source, target }, sizes: { B, S, T }, outputs: { "": plain(logits) } });
  });
  await Promise.all(forwards);
  const rows = [ids(6, 1), Int32Array.from(ids(6, 2))];
  const memory = await model.encode({ source: rows });
  runs.push({ entry: "encode", inputs: { source: rows.flatMap((row) => Array.from(row)) }, sizes: { B: 2, S: 6 }, outputs: { "": plain(memory) } });
  const values = [[0.5, -1, 2], [3, 0.25, -0.125], [1, 1, 1]];
  const both = await model.dispose_({ values, delete: Float32Array.of(0.25, 0.5, 1) });
  const outputs = { function: plain(both.function), above: plain(both.above) };
  runs.push({ entry: "dispose", inputs: { values: values.flat(), delete: [0.25, 0.5, 1] }, sizes: { N: 3 }, outputs });

  const translated = await model.generate(["trois chats noirs", "", "deux chiens"], { maxLength: 6, batch: 2 });
  const single = await model.generate("deux chats", { maxLength: 4 });

  await refused(() => model.forward({ source: [[5]], target: [[1, 99]] }));
  await refused(() => model.forward({ source: [[5]], target: [ids(41, 0)] }));
  await refused(() => model.forward({ source: Int32Array.of(5), target: Int32Array.of(1) }));
  await refused(() => model.forward({ source: [[5], [6, 7]], target: [[1]] }));
  await refused(() => model.forward({ source: [[5]], target: [[1]], sauce: [[1]] }));
  await refused(() => load(emptyFile(), { gpu }));
  await refused(() => load("nothing-here.safetensors", { gpu }));
  model.dispose();
  await refused(() => model.encode({ source: rows }));
  return { runs, translated, single, errors };

  /** A safetensors file without tensors. */
  function emptyFile(): Uint8Array {
    const header = '{"__metadata__":{}}     ';
    const bytes = new Uint8Array(8 + header.length);
    bytes[0] = header.length;
    bytes.set(Array.from(header, (sign) => sign.charCodeAt(0)), 8);
    return bytes;
  }
}

interface Surroundings {
  readonly load: (weights: unknown, options: object) => Promise<LoadedTranslator>;
  readonly TfmError: new () => { readonly code: string };
  readonly gpu: unknown;
  readonly weights: () => unknown;
  readonly tokenizer: () => unknown;
}
interface Tensor {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}
interface LoadedTranslator {
  forward(inputs: object, sizes?: object): Promise<Tensor>;
  encode(inputs: object): Promise<Tensor>;
  dispose_(inputs: object): Promise<{ readonly function: Tensor; readonly above: Tensor }>;
  generate(text: string, options: object): Promise<string>;
  generate(texts: readonly string[], options: object): Promise<string[]>;
  dispose(): void;
}
interface Output {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
/** A call with what came of it; the name of an only output is empty. */
interface Run {
  readonly entry: string;
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly sizes: Readonly<Record<string, number>>;
  readonly outputs: Readonly<Record<string, Output>>;
}
export interface Results {
  readonly runs: readonly Run[];
  readonly translated: readonly string[];
  readonly single: string;
  readonly errors: readonly string[];
}
