import { captionExamples } from "../../runtime/data/index.ts";
import type { Result } from "../failure.ts";
import { readText } from "../files.ts";
import { openedPictures, picturesIn } from "./images.ts";
import type { Source } from "./source.ts";
import { wrong } from "./source.ts";

/** Images as `images` reads them, and a file with the name of each class on a line of its own, class 0 first; where none is named, classes are called as their folders are. */
export const captionsSource: Source = async (request) => {
  const named = String(request.arguments["names"]);
  const file = named === "" ? undefined : request.resolve(named);
  const given = file === undefined ? undefined : namesIn(file, Number(request.arguments["classes"]));
  if (given?.ok === false) return given;
  const found = await picturesIn(request);
  if (!found.ok) return found;
  const names = given?.value ?? found.value.names;
  if (names === undefined) return wrong("names-missing", `${request.path} does not say what its classes are called`, 'write names: "names.txt" in the recipe\'s data, a file with one name per line');
  const opened = openedPictures(found.value, (pictures) => captionExamples(pictures, names));
  return { ok: true, value: file === undefined ? opened : { ...opened, files: [...opened.files, file] } };
};

function namesIn(file: string, classes: number): Result<readonly string[]> {
  const text = readText(file);
  if (!text.ok) return text;
  const names = text.value.split(/\r\n|\n|\r/).filter((name) => name.trim() !== "");
  if (names.length === classes) return { ok: true, value: names };
  return wrong("names-count", `${file} has ${names.length} names, but there are ${classes} classes`, "write one name per line, in the order of the classes");
}
