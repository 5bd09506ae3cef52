import { reporting } from "../commands/refused.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { terminalOutput } from "../output.ts";
import { inAdapterProcess, startProgram, told } from "../program.ts";
import { quickstartOptions } from "./options.ts";
import { quickstart } from "./quickstart.ts";

// `npm run quickstart`, once the set-up is done.
startProgram((inChild) => {
  const output = terminalOutput({ json: false, quiet: false, color: true });
  return told(output, () => reporting(output, async () => {
    const options = quickstartOptions(process.argv.slice(2));
    if (options === "help") return exitCodes.ok;
    return inChild ? await quickstart(options, output) : ((await inAdapterProcess()) as ExitCode);
  }));
});
