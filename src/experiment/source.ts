import { existsSync } from "node:fs";
import path from "node:path";
import { sourceFile } from "../../grammar/index.ts";
import type { SourceFile } from "../../grammar/index.ts";
import type { Result } from "../failure.ts";
import { readText } from "../files.ts";
import { standardLibrary } from "../std.ts";

/** A model file with what it uses. */
export interface ModelSource {
  readonly file: SourceFile;
  /** The file that `use "PATH"` names, relative to the model's folder; undefined where there is none within the project. */
  readonly use: (used: string) => SourceFile | undefined;
  /** The texts read so far, the model's own first: a checkpoint keeps them, so that a run folder is complete in itself. */
  saved(): readonly SavedSource[];
}

export interface SavedSource {
  /** The model's as the user named it, any other as `use` names it. */
  readonly path: string;
  readonly text: string;
}

export function readModel(file: string): Result<ModelSource> {
  const text = readText(file);
  if (!text.ok) return text;
  const folder = path.dirname(file);
  const project = projectOf(path.resolve(folder));
  return {
    ok: true,
    value: modelSource({ path: file, text: text.value }, (used) => {
      const target = path.resolve(folder, used);
      if (path.relative(project, target).startsWith("..")) return undefined;
      const found = readText(target);
      return found.ok ? sourceFile(path.join(folder, used), found.value) : undefined;
    }),
  };
}

/** The model as it was when a checkpoint was written. */
export function restoredModel(saved: readonly SavedSource[]): ModelSource {
  const [main, ...others] = saved;
  if (main === undefined) throw new Error("internal: a checkpoint without its model");
  const texts = new Map(others.map(({ path: name, text }) => [name, text]));
  return modelSource(main, (used) => {
    const text = texts.get(used);
    return text === undefined ? undefined : sourceFile(path.join(path.dirname(main.path), used), text);
  });
}

/** One object for each file, however often it is asked for. */
function modelSource(main: SavedSource, read: (used: string) => SourceFile | undefined): ModelSource {
  const found = new Map<string, SourceFile | undefined>();
  return {
    file: sourceFile(main.path, main.text),
    use: (used) => {
      if (!found.has(used)) found.set(used, read(used));
      return found.get(used);
    },
    saved: () => [main, ...[...found].flatMap(([name, file]) => (file === undefined ? [] : [{ path: name, text: file.text }]))],
  };
}

/** The nearest folder at or above this one that is a project's root; without one, the folder itself. */
function projectOf(folder: string): string {
  for (let at = folder; ; at = path.dirname(at)) {
    if (existsSync(path.join(at, "package.json")) || existsSync(path.join(at, ".git"))) return at;
    if (at === path.dirname(at)) return folder;
  }
}

let library: readonly SourceFile[] | undefined;

/** The standard library; the same objects each time, so that it is parsed once. */
export function librarySources(): readonly SourceFile[] {
  library ??= [...standardLibrary()].map(([name, text]) => sourceFile(`std/${name}`, text));
  return library;
}
