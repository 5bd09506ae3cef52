// French to English by the trained model, in plain Node, without the compiler. First the model as a module, once:
//
//     npx tfmc compile runs/translation -o examples/translation/compiled
//
// then, where `tfmc exec` finds Node (22.18 or newer) a WebGPU adapter:
//
//     npx tfmc exec -- node examples/translation/app.ts "le 3 mai 2024" "trois chats"
import { readFile } from "node:fs/promises";
import { create } from "webgpu";
import { load, TfmError } from "./compiled/transformer.js";

const phrases = process.argv.length > 2 ? process.argv.slice(2) : ["jeudi 14 mars 2024", "il y a 3 jours", "la France, l’Italie et le Japon"];

// A browser has `navigator.gpu`; here the GPU is made, and kept as long as the model.
const gpu = create([]);

// What training wrote.
const weights = new URL("../../runs/translation/model.safetensors", import.meta.url);

try {
  const model = await load(readFile(weights), { gpu });
  const translations = await model.generate(phrases);
  phrases.forEach((phrase, at) => console.log(`${phrase} → ${translations[at]}`));
  model.dispose();
} catch (error) {
  // What the user can do something about; anything else is a bug.
  if (!(error instanceof TfmError)) throw error;
  console.error(`${error.message} ${error.hint ?? ""}`);
  process.exitCode = 1;
}
