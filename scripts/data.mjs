// Writes an example's data beside its model: node scripts/data.mjs NAME [--from FOLDER] [--to FOLDER] [--seed N]
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { root } from "./setup/paths.mjs";

const USAGE = "usage: npm run data -- NAME [--from FOLDER] [--to FOLDER] [--seed N]";
const options = { from: { type: "string" }, to: { type: "string" }, seed: { type: "string", default: "0" } };

/** @param {string} message @returns {never} */
function stop(message) {
  console.error(message);
  process.exit(2);
}

const { positionals: [name], values: { from, to, seed } } = (() => {
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    return stop(`${error.message}\n${USAGE}`);
  }
})();
if (name === undefined || !/^\d+$/.test(seed)) stop(USAGE);

const { build } = await import("esbuild");
const bundle = async () => {
  try {
    return await build({ entryPoints: [path.join(root, "examples", name, "data.ts")], bundle: true, platform: "node", format: "esm", write: false, logLevel: "silent" });
  } catch (error) {
    return stop(`examples/${name} has no data.ts that can be built: ${error.message}`);
  }
};
const { outputFiles } = await bundle();
const { files } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);

const read = (file) => {
  if (from === undefined) throw new Error(`examples/${name} is made from ${file}: name the folder that has it with --from`);
  return readFileSync(path.join(from, file));
};
const folder = to ?? path.join(root, "examples", name);
try {
  for (const [file, content] of files({ seed: Number(seed), read })) {
    const target = path.join(folder, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, content);
    console.log(path.relative(process.cwd(), target));
  }
} catch (error) {
  stop(error.message);
}
