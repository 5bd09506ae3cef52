import { exitCodes } from "../exit-codes.ts";
import { ModelRefused } from "../experiment/check.ts";
import { terminalOutput } from "../output.ts";
import { failureOf, inAdapterProcess, startProgram } from "../program.ts";
import { quickstartOptions } from "./options.ts";
import { quickstart } from "./quickstart.ts";

// `npm run quickstart`, once the set-up is done.
startProgram(async (inChild) => {
  const output = terminalOutput({ json: false, quiet: false, color: true });
  try {
    const options = quickstartOptions(process.argv.slice(2));
    if (options === "help") return exitCodes.ok;
    return inChild ? await quickstart(options, output) : await inAdapterProcess();
  } catch (error) {
    if (error instanceof ModelRefused) {
      output.report(error.diagnostics);
      return exitCodes.wrong;
    }
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    output.fail(failure);
    return failure.exit;
  }
});
