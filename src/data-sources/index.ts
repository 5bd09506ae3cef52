import { imagesSource } from "./images.ts";
import type { Source } from "./source.ts";
import { textSource } from "./text.ts";
import { pairsSource } from "./tsv.ts";

export type { OpenedData, Source, SourceRequest } from "./source.ts";

/** How the files of each source that std/data.tfm declares are read. */
export const SOURCES: ReadonlyMap<string, Source> = new Map([
  ["images", imagesSource],
  ["pairs", pairsSource],
  ["text", textSource],
]);
