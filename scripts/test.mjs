// `npm test [-- FILES]`: the set-up where it is missing, the type check, every test; the last line counts them.

import { mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { inherited } from "./setup/child.mjs";
import { cache, root } from "./setup/paths.mjs";
import { NO_ADAPTER, setUp } from "./setup/setup.mjs";

const withoutGpu = process.env.TFM_NO_GPU === "1";
const ready = await setUp({ adapter: !withoutGpu, others: true });
if (ready === NO_ADAPTER) process.stderr.write("TFM_NO_GPU=1 npm test leaves out the tests that need an adapter, and counts them.\n");
if (ready !== 0) process.exit(ready);

const filters = process.argv.slice(2);
const tool = (name) => path.join(root, "node_modules", name);
const types = await inherited(process.execPath, [tool("typescript/bin/tsc"), "-b"], { cwd: root });
if (types === 130) process.exit(130);

const report = path.join(cache, "tests.json");
mkdirSync(cache, { recursive: true });
rmSync(report, { force: true });
const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
const tests = await inherited(process.execPath, [tool("vitest/vitest.mjs"), "run", ...reporters, ...filters], { cwd: root });

const { passed, failed, skipped } = counts(report);
// An error outside every test (a device error that nothing caught, say) fails the run without failing a test.
const outside = tests !== 0 && failed === 0 ? 1 : 0;
const wrongTypes = types === 0 ? 0 : 1;
if (wrongTypes === 1) process.stdout.write("The type check failed; its messages stand above the tests'.\n");
process.stdout.write(`${passed} passed, ${failed + outside + wrongTypes} failed, ${skipped} skipped\n`);
process.exit(tests !== 0 ? tests : wrongTypes);

/** A file that could not even be loaded counts as one failed test. */
function counts(file) {
  try {
    const result = JSON.parse(readFileSync(file, "utf8"));
    const unloaded = result.testResults.filter(({ status, assertionResults }) => status === "failed" && assertionResults.length === 0).length;
    return { passed: result.numPassedTests, failed: result.numFailedTests + unloaded, skipped: result.numPendingTests + result.numTodoTests };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
