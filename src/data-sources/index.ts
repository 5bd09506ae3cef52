import type { DataSpec } from "../../compiler/check/model.ts";
import { captionsSource } from "./captions.ts";
import { choicesSource } from "./choices.ts";
import { imagesSource } from "./images.ts";
import { labelledSource } from "./labelled.ts";
import type { Source } from "./source.ts";
import { spansSource } from "./spans.ts";
import { tableSource } from "./table.ts";
import { taggedSource } from "./tagged.ts";
import { corruptedSource, sentencesSource, textSource } from "./text.ts";
import { pairsSource } from "./tsv.ts";

export { classList } from "./classes.ts";
export type { KnownClasses } from "./classes.ts";
export type { OpenedData, Source, SourceRequest } from "./source.ts";

/** How a recipe's data are read. */
export function sourceOf(spec: DataSpec): Source {
  const source = spec.table === undefined ? SOURCES.get(spec.source) : tableSource(spec, spec.table);
  if (source === undefined) throw new Error(`internal: nothing reads data of kind ${spec.source}`);
  return source;
}

/** How the files of each source that std/data.tfm declares are read. */
export const SOURCES: ReadonlyMap<string, Source> = new Map([
  ["text", textSource],
  ["pairs", pairsSource],
  ["corrupted", corruptedSource],
  ["sentences", sentencesSource],
  ["labelled", labelledSource],
  ["tagged", taggedSource],
  ["spans", spansSource],
  ["choices", choicesSource],
  ["images", imagesSource],
  ["captions", captionsSource],
]);
