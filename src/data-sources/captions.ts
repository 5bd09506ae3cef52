import { captionExamples } from "../../runtime/data/index.ts";
import { readText } from "../files.ts";
import { openedPictures, picturesIn } from "./images.ts";
import type { Source } from "./source.ts";
import { wrong } from "./source.ts";

/** Images as `images` reads them, and a file with the name of each class on a line of its own, class 0 first. */
export const captionsSource: Source = (request) => {
  const file = request.resolve(String(request.arguments["names"]));
  const text = readText(file);
  if (!text.ok) return text;
  const names = text.value.split(/\r\n|\n|\r/).filter((name) => name.trim() !== "");
  const classes = Number(request.arguments["classes"]);
  if (names.length !== classes) return wrong("names-count", `${file} has ${names.length} names, but there are ${classes} classes`, "write one name per line, in the order of the classes");
  const found = picturesIn(request);
  if (!found.ok) return found;
  const opened = openedPictures(found.value, (pictures) => captionExamples(pictures, names));
  return { ok: true, value: { ...opened, files: [...opened.files, file] } };
};
