/** A small translator with weights drawn from a seed: as a module with its files in a folder, and as its meaning in f64. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Model } from "../../compiler/check/model.ts";
import { compile } from "../../compiler/compile.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import type { Tensor } from "../../compiler/ir/interpret.ts";
import type { Program } from "../../runtime/program.ts";
import { draws } from "../../runtime/random/philox.ts";
import { trainBpe } from "../../runtime/text/index.ts";
import { encodeSafetensors } from "../../runtime/training/safetensors.ts";
import { emitModule } from "../../src/embed/module.ts";
import type { ModuleOptions } from "../../src/embed/module.ts";
import { packageRoot } from "../../src/package-root.ts";
import { checkedModel } from "../support/reference.ts";

/** Named as the example's model is, so that the example's app runs it. */
export const SOURCE = `
/// A translator */ that is small.
model Transformer(vocab, d = 12, heads = 2, ff = 20, pad = 0) {
  embed   = Embedding(vocab, d, init: normal(1))
  encoder = EncoderLayer(d, heads, ff)
  decoder = DecoderLayer(d, heads, ff)

  place(ids: index(vocab)[B, T]) -> [B, T, d] {
    word     = embed(ids)
    x[b,t,i] = word[b,t,i] + sinusoid(t, i, d)
    return x
  }
  encode(source: index(vocab)[B, S]) -> [B, S, d] = encoder(place(source), keep: source != pad)
  decode(target: index(vocab)[B, T], memory: [B, S, d], keep: bool[B, S]) -> [B, T, vocab] {
    require T <= 40
    return embed.logits(decoder(place(target), memory, keep))
  }
  /// Logits of the token after each.
  forward(target: index(vocab)[B, T], source: index(vocab)[B, S]) -> [B, T, vocab] =
    decode(target, encode(source), source != pad)
  /// Two results, one of them a mask, under a name that every loaded model has for something else.
  dispose(values: [N, 3], delete: [3]) -> [N, 3], bool[N, 3] {
    function[n,k] = values[n,k] + delete[k]
    above[n,k]    = values[n,k] > delete[k]
    return function, above
  }
}
train tiny {
  tokenizer = bpe(60)
  data      = pairs("train.tsv", from: "fr", to: "en", tokenizer: tokenizer)
  model     = Transformer(vocab: tokenizer.size, pad: tokenizer.pad)
  loss(source, target, next) = cross_entropy(model(target, source), next, keep: next != tokenizer.pad)
  optimizer = Sgd(lr: 0.1)
  batch = 4; steps = 10; seed = 0
  generate = greedy(model)
}
`;

export const tokenizer = trainBpe(["trois chats noirs", "deux chiens noirs", "trois chiens et deux chats", "three black cats", "two black dogs"], 60);

export const tiny: Model = checkedModel("tiny.tfm", SOURCE, { tokenizer: { size: tokenizer.size, pad: tokenizer.pad, start: tokenizer.start, end: tokenizer.end, unk: tokenizer.unk } });

export const weights: ReadonlyMap<string, Float32Array> = new Map(
  tiny.parameters.map(({ path: name, shape }, at) => {
    const random = draws(7, at);
    return [name, Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => 0.8 * random.normal())];
  }),
);

export function weightsFile(): Uint8Array {
  return encodeSafetensors(tiny.parameters.map(({ path: name, shape }) => ({ name, shape, data: weights.get(name) as Float32Array })));
}

/** The outputs of an entry in f64, by the graph that the checker made: no pass, kernel or runtime in between. */
export function meaning(entry: string, inputs: Readonly<Record<string, ArrayLike<number>>>, sizes: Readonly<Record<string, number>>): Readonly<Record<string, Tensor>> {
  const graph = tiny.entries.find(({ name }) => name === entry)?.graph;
  if (graph === undefined) throw new Error(`no entry ${entry}`);
  return interpret(graph, { sizes, inputs, states: Object.fromEntries([...weights].map(([name, data]) => [`parameter/${name}`, data])) }).outputs;
}

/** Greedy decoding in f64, a text at a time. */
export function translation(text: string, maxLength: number): string {
  const source = tokenizer.encode(text);
  const target = [tokenizer.start];
  while (target.length <= maxLength) {
    const { data } = meaning("forward", { target, source }, { B: 1, T: target.length, S: source.length })["forward"] as Tensor;
    const last = Array.from(data.slice(-tokenizer.size));
    const id = last.indexOf(Math.max(...last));
    if (id === tokenizer.end) break;
    target.push(id);
  }
  return tokenizer.decode(target.slice(1));
}

/** The model for its translation alone, by whole rows and by what they go on with, and an entry with odd names. */
export function program(kind: "cpu" | "any"): Program {
  const known = programs.get(kind) ?? compile(tiny, { profile: { kind }, training: false, entries: ["encode", "forward", "dispose", "last.forward"] }).program;
  programs.set(kind, known);
  return known;
}
const programs = new Map<"cpu" | "any", Program>();

export function moduleFiles(kind: "cpu" | "any", options: ModuleOptions = {}): ReadonlyMap<string, string> {
  return emitModule(tiny, program(kind), options);
}

export interface Folder {
  readonly path: string;
  write(name: string, content: string | Uint8Array): void;
  remove(): void;
}

/** A folder outside of the project, as a user's: the packages named are found as if they were installed. */
export function userFolder(packages: readonly string[] = []): Folder {
  const folder = mkdtempSync(path.join(tmpdir(), "tfm-embed-"));
  const write = (name: string, content: string | Uint8Array): void => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  };
  write("package.json", '{ "type": "module" }\n');
  for (const name of packages) {
    mkdirSync(path.dirname(path.join(folder, "node_modules", name)), { recursive: true });
    symlinkSync(name === "tfm" ? packageRoot : path.join(packageRoot, "node_modules", name), path.join(folder, "node_modules", name));
  }
  return { path: folder, write, remove: () => rmSync(folder, { recursive: true }) };
}
