import path from "node:path";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";
import type { Row } from "./row.ts";
import { program } from "./tfmc.ts";
import type { Places } from "./train-run.ts";

/** Writes the files that a row trains on beside its model, where they are not real data as they are. */
export async function makeData({ name, makesData = false }: Row, places: Places): Promise<void> {
  if (!makesData) return;
  const { code } = await program([path.join("scripts", "data.mjs"), name, "--from", places.data]);
  if (code === exitCodes.ok) return;
  throw new CommandFailure({ code: "data-not-made", exit: code as ExitCode, message: `npm run data -- ${name} failed with exit code ${code}`, remedy: `--data names the folder of real data; it is ${places.data} now` });
}
