import { signatures } from "../../examples/figures.ts";
import { reporting } from "../commands/refused.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { CommandFailure, valueOf } from "../failure.ts";
import { writeAtomically } from "../files.ts";
import { commandDevice } from "../gpu/device.ts";
import { inspect } from "../inspect/inspect.ts";
import { readSubject } from "../inspect/subject.ts";
import { terminalOutput } from "../output.ts";
import type { Output } from "../output.ts";
import { inAdapterProcess, startProgram, told } from "../program.ts";

// `npm run figures -- NAME [RUN] [--data PATH] [--out FILE]`, once the set-up is done.
startProgram((inChild) => {
  const output = terminalOutput({ json: false, quiet: false, color: true });
  return inChild ? told(output, () => reporting(output, () => draw(output))) : inAdapterProcess();
});

async function draw(output: Output): Promise<ExitCode> {
  const { name, run, out, data } = argumentsOf(process.argv.slice(2));
  const signature = signatures[name]!;
  const subject = await readSubject(run ?? signature.run, { data });
  const device = valueOf(await commandDevice());
  const svg = await signature.draw(async (request) => (await inspect(subject, device, request)).observations, subject, signature.title);
  const file = out ?? `examples/${name}/figure.svg`;
  valueOf(writeAtomically(file, svg));
  output.data(file);
  return exitCodes.ok;
}

interface Arguments {
  readonly name: string;
  readonly run?: string | undefined;
  readonly out?: string | undefined;
  readonly data?: string | undefined;
}

function argumentsOf(given: readonly string[]): Arguments {
  const options = new Map<string, string>();
  const rest: string[] = [];
  for (let at = 0; at < given.length; at++) {
    const one = given[at]!;
    if (one === "--out" || one === "--data") options.set(one, given[++at] ?? "");
    else rest.push(one);
  }
  const [name = "", run] = rest;
  if (Object.hasOwn(signatures, name)) return { name, run, out: options.get("--out"), data: options.get("--data") };
  throw new CommandFailure({ code: "unknown-figure", exit: exitCodes.usage, message: `there is no figure \`${name}\``, remedy: `npm run figures -- NAME [RUN] [--data PATH] [--out FILE], NAME one of ${Object.keys(signatures).join(", ")}` });
}
