import { heldOutSplit, textExamples } from "../../runtime/data/index.ts";
import { readText } from "../files.ts";
import type { Source } from "./source.ts";
import { wrong } from "./source.ts";

/** One text file: the first nine tenths are trained on, the last tenth is held out. */
export const textSource: Source = ({ path, arguments: { length } }) => {
  const text = readText(path);
  if (!text.ok) return text;
  if (text.value === "") return wrong("data-empty", `${path} is empty`, "give a text file");
  const [training, heldOut] = heldOutSplit(text.value);
  const of = (part: string): ReturnType<typeof textExamples> => textExamples(part, Number(length));
  return { ok: true, value: { files: [path], training: of(training), heldOut: of(heldOut), whole: of(text.value), badRows: 0 } };
};
