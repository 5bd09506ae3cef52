// Writes the French-English corpus: node scripts/corpus.mjs FOLDER [SEED]
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const [folder, seed = "0"] = process.argv.slice(2);
if (folder === undefined || !/^\d+$/.test(seed)) {
  console.error("usage: node scripts/corpus.mjs FOLDER [SEED]");
  process.exit(2);
}
const entry = fileURLToPath(new URL("../src/corpus/write.ts", import.meta.url));
const { outputFiles } = await build({ entryPoints: [entry], bundle: true, platform: "node", format: "esm", write: false });
const { writeCorpus } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
const written = writeCorpus(folder, Number(seed));
if (!written.ok) {
  console.error(written.failure.message);
  process.exit(written.failure.exit);
}
console.log(JSON.stringify(written.value, undefined, 2));
