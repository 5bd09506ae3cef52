import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { runProgram } from "../gpu/child.ts";
import { adapterEnvironment } from "../gpu/environment.ts";
import { packageRoot } from "../package-root.ts";
import type { Command } from "./command.ts";

export const execCommand: Command = {
  name: "exec",
  summary: "run any program with the environment of the WebGPU adapter",
  details: "Example: tfmc exec -- node app.js\nThe exit code is the program's own.",
  arguments: [{ name: "command", count: "many", mayBeEmpty: true, doc: "the program and its arguments, after --" }],
  options: [],
  needsAdapter: false,
  run: async ({ arguments: [command = "", ...args], output }) => {
    const environment = adapterEnvironment(packageRoot, process.env);
    const code = await runProgram(command, args, environment, (error) => {
      output.fail({ code: "program-not-started", exit: exitCodes.usage, message: `\`${command}\` could not be started: ${error.message}` });
      return exitCodes.usage;
    });
    return code as ExitCode;
  },
};
