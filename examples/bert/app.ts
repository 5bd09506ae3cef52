// Whether a sentence speaks well of a film, by the trained model, in Node and on a page, without the compiler. First the model as a
// module, once, and for the page this file as JavaScript:
//
//     npx tfmc compile runs/sst2 -o examples/bert/compiled
//     npx esbuild examples/bert/app.ts --outfile=examples/bert/app.js
//
// then either of
//
//     npx tfmc exec -- node examples/bert/app.ts "a gripping , funny film"
//     npx esbuild --servedir=.         and in a browser http://localhost:8000/examples/bert/page.html
import { load } from "./compiled/bert.js";

/** The tokens that the model was trained to read at most, those around the text counted. */
const LONGEST = 64;

let model: ReturnType<typeof load> | undefined;

/** The first call loads the model. What goes wrong is a TfmError. */
export async function isPositive(text: string): Promise<boolean> {
  const { tokenizer, sentence } = await (model ??= loaded());
  const ids = [tokenizer.start, ...tokenizer.encode(text).slice(0, LONGEST - 2), tokenizer.end];
  const { data: [negative = 0, positive = 0] } = await sentence({ ids: [ids], segment: [ids.map(() => 0)] });
  return positive > negative;
}

/** A page fetches what training wrote, and has a GPU. In Node the file is read, and the GPU is made, and kept as long as the model. */
async function loaded(): ReturnType<typeof load> {
  const weights = new URL("../../runs/sst2/model.safetensors", import.meta.url);
  if (typeof process === "undefined") return load(weights);
  const [{ readFile }, { create }] = await Promise.all([import("node:fs/promises"), import("webgpu")]);
  gpu = create([]);
  return load(readFile(weights), { gpu });
}
let gpu: GPU | undefined;

if (typeof process !== "undefined" && import.meta.url.endsWith(process.argv[1] ?? " ")) {
  for (const text of process.argv.slice(2)) console.log(`${(await isPositive(text)) ? "+" : "-"} ${text}`);
  (await model)?.dispose();
}
