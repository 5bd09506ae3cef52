/** Reads a file with those it uses and the library, and tells names that are declared twice. */
import type { Decl, File, Fn, Top } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { SourceFile } from "../../grammar/source.ts";
import { parse } from "../../grammar/parse.ts";
import * as errors from "./errors.ts";
import { hidesNothing } from "./names.ts";
import type { Declared, FileScope } from "./scope.ts";
import { BUILTINS } from "./scope.ts";
import { World } from "./world.ts";

export interface Files {
  readonly main: FileScope;
  readonly library: readonly FileScope[];
}

const parsed = new WeakMap<SourceFile, ReturnType<typeof parse>>();

/** The tree of a source file; the library is read once. */
export function treeOf(source: SourceFile): ReturnType<typeof parse> {
  let found = parsed.get(source);
  if (!found) parsed.set(source, (found = parse(source)));
  return found;
}

export function readFiles(main: SourceFile, std: readonly SourceFile[], use: (path: string) => SourceFile | undefined, world: World): Files {
  const { scopes, names, diagnostics } = libraryOf(std);
  for (const diagnostic of diagnostics) world.report(diagnostic);
  return { main: readUser(main, names, use, [], new Map(), world), library: scopes };
}

interface Library {
  readonly scopes: readonly FileScope[];
  readonly names: ReadonlyMap<string, Declared>;
  readonly diagnostics: readonly Diagnostic[];
}

const libraries = new WeakMap<readonly SourceFile[], Library>();

function libraryOf(std: readonly SourceFile[]): Library {
  const known = libraries.get(std);
  if (known) return known;
  const world = new World();
  const library = new Map<string, Declared>();
  const scopes = std.map((source) => {
    const tree = read(source, world);
    const names = new Map<string, Declared>();
    const scope: FileScope = { file: tree, names, library, lost: lostIn(tree), partial: false };
    declare(tree, scope, names, world);
    return scope;
  });
  for (const scope of scopes)
    for (const [name, declared] of scope.names) {
      const before = library.get(name);
      if (before) world.report(errors.duplicate(declared.span, name, before.span));
      else library.set(name, declared);
    }
  const made = { scopes, names: library, diagnostics: world.diagnostics };
  libraries.set(std, made);
  return made;
}

function read(source: SourceFile, world: World): File {
  const { ast, diagnostics } = treeOf(source);
  for (const diagnostic of diagnostics) world.report(diagnostic);
  return ast;
}

function readUser(
  source: SourceFile,
  library: ReadonlyMap<string, Declared>,
  use: (path: string) => SourceFile | undefined,
  within: readonly string[],
  known: Map<string, FileScope>,
  world: World,
): FileScope {
  const seen = known.get(source.path);
  if (seen) return seen;
  const tree = read(source, world);
  const names = new Map<string, Declared>();
  const lost = lostIn(tree);
  const scope: FileScope = { file: tree, names, library, lost, partial: false };
  known.set(source.path, scope);
  declare(tree, scope, names, world);
  for (const top of tree.tops) {
    if (top.kind !== "use") continue;
    const other = use(top.path.value);
    if (!other) {
      world.report(errors.useNotFound(top.path.span, top.path.value));
      scope.partial = true;
      continue;
    }
    if (within.includes(other.path) || other.path === source.path) {
      world.report(errors.useCycle(top.path.span, top.path.value));
      continue;
    }
    const used = readUser(other, library, use, [...within, source.path], known, world);
    for (const name of used.lost) lost.add(name);
    scope.partial ||= used.partial;
    for (const [name, declared] of used.names) {
      const before = names.get(name);
      if (!before) names.set(name, declared);
      else if (before.home !== declared.home && before.home !== scope) world.report(errors.usedTwice(top.span, name, before.span, declared.span));
    }
  }
  return scope;
}

function lostIn(tree: File): Set<string> {
  return new Set(tree.lost.map((name) => name.text));
}

function declare(tree: File, home: FileScope, names: Map<string, Declared>, world: World): void {
  for (const top of tree.tops) {
    if (top.kind === "use") continue;
    const { text, span } = top.name;
    const before = names.get(text);
    if (BUILTINS.has(text)) world.report(errors.hidesBuiltin(span, text));
    else if (before) world.report(errors.duplicate(span, text, before.span));
    else names.set(text, { decl: top, home, span });
    duplicatesIn(top, world);
  }
  for (const top of tree.tops) {
    // What a recipe's functions take are fields of its source, whose names are given.
    if (top.kind === "use" || (top.kind === "decl" && top.category === "train")) continue;
    const callables = top.kind === "fn" ? [top] : [top, ...top.body.items.filter((item) => item.kind === "method")];
    for (const { params } of callables) for (const { name } of params ?? []) hidesNothing(name.text, name.span, home, world);
  }
}

/** Names given twice in one declaration: parameters and functions. */
function duplicatesIn(top: Exclude<Top, { kind: "use" }>, world: World): void {
  parametersOf(top, world);
  if (top.kind === "fn") return;
  if (top.like && top.category !== "train") world.report(errors.likeElsewhere(top.like.span, top.category));
  if (top.category === "weights") world.report(errors.misplacedDeclaration(top));
  if (top.category === "train" && top.params?.[0]) world.report(errors.recipeParameter(top.params[0].span));
  const methods = new Map<string, Decl | Fn["name"]>();
  for (const item of top.body.items) {
    if (item.kind !== "method") continue;
    parametersOf(item, world);
    const before = methods.get(item.name.text);
    if (before) world.report(errors.duplicate(item.name.span, item.name.text, before.span));
    else if (BUILTINS.has(item.name.text)) world.report(errors.hidesBuiltin(item.name.span, item.name.text));
    else methods.set(item.name.text, item.name);
  }
}

function parametersOf(of: { readonly params: Decl["params"] }, world: World): void {
  const seen = new Map<string, Decl["name"]>();
  for (const param of of.params ?? []) {
    const before = seen.get(param.name.text);
    if (before) world.report(errors.duplicate(param.name.span, param.name.text, before.span));
    else seen.set(param.name.text, param.name);
  }
}
