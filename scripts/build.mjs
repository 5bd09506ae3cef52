// `npm run build`: the bundles in dist/, and `tfmc` in node_modules/.bin. Imported, `buildIfChanged` does it only where a source changed.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { hashOf, isFresh, stamp } from "./setup/stamp.mjs";
import { cache, root } from "./setup/paths.mjs";

const SOURCES = ["grammar", "compiler", "runtime", "src", "examples/rows.ts", "examples/figures.ts", "package-lock.json", "tsconfig.base.json", "scripts/build.mjs"];

// Bundled, because chevrotain's 600 small modules take a quarter of a second to import. Dawn and sharp are binaries and stay outside.
// The packages inside that are CommonJS call `require`, which a module lacks.
const REQUIRE = 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);';
const node = { platform: "node", target: "node20", external: ["webgpu", "sharp"], banner: { js: REQUIRE } };
const ENTRIES = [
  { from: "src/cli.ts", to: "tfmc.js", ...node, banner: { js: `#!/usr/bin/env node\n${REQUIRE}` } },
  { from: "src/quickstart/index.ts", to: "quickstart.js", ...node },
  { from: "src/results/index.ts", to: "train-all.js", ...node },
  { from: "src/figures/index.ts", to: "figures.js", ...node },
  { from: "src/index.ts", to: "index.js", ...node },
  // For browsers and for embedding: no Node, nothing but itself.
  { from: "runtime/index.ts", to: "runtime.js", platform: "neutral", target: "es2022", minify: true },
  // Put into a compiled model that is to need nothing else, so no module but a script that declares one name.
  { from: "runtime/embedded/index.ts", to: "embedded.js", platform: "neutral", target: "es2022", minify: true, format: "iife", globalName: "tfm" },
];

/**
 * Builds where the sources are not those of the last build.
 *
 * @param {(line: string) => void} say
 * @returns {Promise<{ ok: true } | { ok: false, reason: string }>}
 */
export async function buildIfChanged(say) {
  const hash = hashOf(root, SOURCES);
  const file = path.join(cache, "build.stamp");
  const outputs = entries().map(({ to }) => path.join(root, "dist", to));
  if (!isFresh(file, hash, outputs)) {
    say("bundles: building dist/");
    const built = await build();
    if (!built.ok) return built;
    stamp(file, hash);
  }
  linkCommand();
  return { ok: true };
}

/** Builds every bundle. @returns {Promise<{ ok: true } | { ok: false, reason: string }>} */
export async function build() {
  // Imported here: set-up loads this file before there are packages.
  const { build: bundle } = await import("esbuild");
  try {
    const results = await Promise.all(
      entries().map(({ from, to, ...options }) =>
        bundle({ format: "esm", ...options, entryPoints: [path.join(root, from)], outfile: path.join(root, "dist", to), bundle: true, logLevel: "silent", write: false }),
      ),
    );
    for (const file of results.flatMap((result) => result.outputFiles)) replace(file.path, file.contents);
    return { ok: true };
  } catch (error) {
    const lines = (error.errors ?? []).map(({ text, location }) => `${location === null ? "" : `${location.file}:${location.line}:${location.column}: `}${text}`);
    return { ok: false, reason: `the bundles could not be built:\n${lines.length === 0 ? error.message : lines.join("\n")}` };
  }
}

/** Whoever starts `tfmc` meanwhile gets the old bundle or the new one. */
function replace(file, contents) {
  const temporary = `${file}.${process.pid}.tmp`;
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(temporary, contents, { mode: path.basename(file) === "tfmc.js" ? 0o755 : 0o644 });
  renameSync(temporary, file);
}

const entries = () => ENTRIES.filter(({ from }) => existsSync(path.join(root, from)));

/** npm links the commands of dependencies, not the project's own: `npx --no-install tfmc` needs this one. */
function linkCommand() {
  const command = path.join(root, "dist", "tfmc.js");
  const link = path.join(root, "node_modules", ".bin", "tfmc");
  if (!existsSync(command) || existsSync(link) || process.platform === "win32") return;
  mkdirSync(path.dirname(link), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(path.join("..", "..", "dist", "tfmc.js"), link);
}

/** Bytes and gzipped bytes of each bundle, a line each. */
function sizes() {
  return entries().map(({ to }) => {
    const bytes = readFileSync(path.join(root, "dist", to));
    const kilobytes = (count) => `${(count / 1024).toFixed(1)} KB`.padStart(10);
    return `${`dist/${to}`.padEnd(20)}${kilobytes(bytes.length)}${kilobytes(gzipSync(bytes).length)} gzipped\n`;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const built = await build();
  if (built.ok) {
    linkCommand();
    process.stdout.write(sizes().join(""));
  } else {
    process.stderr.write(`${built.reason}\n`);
    process.exitCode = 1;
  }
}
