import { exitCodes } from "../exit-codes.ts";
import type { Result } from "../failure.ts";

/** What `--set` changes: `d=48`, `model.d=48`, `recipe.batch=8`. The checker says which of them exist. */
export type Settings = Readonly<Record<string, string>>;

/** Reads `NAME=VALUE` texts; of several for one name the last counts. */
export function parseSettings(list: readonly string[]): Result<Settings> {
  const settings: Record<string, string> = {};
  for (const text of list) {
    const at = text.indexOf("=");
    const name = text.slice(0, at).trim();
    const value = text.slice(at + 1).trim();
    if (at < 0 || !/^[A-Za-z_][\w.]*$/.test(name) || value === "") {
      const message = `--set ${JSON.stringify(text)} is not of the form NAME=VALUE`;
      return { ok: false, failure: { code: "set-form", exit: exitCodes.usage, message, remedy: "for instance --set d=48 --set recipe.batch=8" } };
    }
    settings[name] = value;
  }
  return { ok: true, value: settings };
}
