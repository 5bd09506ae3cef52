/** `tokenizer = bpe(4000)`: what is known of it when compiling. */
import type { Expr as Node } from "../../grammar/ast.ts";
import * as dims from "../dim.ts";
import * as errors from "./errors.ts";
import { evaluateSize, sizeVal } from "./evaluate.ts";
import type { TokenizerSpec } from "./model.ts";
import { TOKENIZERS } from "./scope.ts";
import { nearest } from "../../grammar/suggest.ts";
import type { SizeVal, Val } from "./value.ts";
import { POISON } from "./value.ts";
import type { Context } from "./world.ts";

/** Of a trained tokenizer; what is absent is taken as below. */
export interface TokenizerFacts {
  readonly size?: number;
  readonly pad?: number;
  readonly start?: number;
  readonly end?: number;
  readonly unk?: number;
  readonly mask?: number;
  /** How many ids, from 0, are no text. */
  readonly specials?: number;
}

const IDS = { pad: 0, start: 1, end: 2, unk: 3, mask: 4, specials: 5 } as const;
/** Stands for the size of a vocabulary that is not known before training. */
const NOMINAL: Readonly<Record<TokenizerSpec["kind"], number>> = { bpe: 4096, characters: 128, bytes: 261, wordpiece: 4096, unigram: 4096 };

export function tokenizerOf(node: Node, ctx: Context, facts: TokenizerFacts): Val {
  const name = node.kind === "call" && node.callee.kind === "name" ? node.callee.text : node.kind === "name" ? node.text : undefined;
  if (node.kind !== "call" || name === undefined || !TOKENIZERS.has(name)) {
    ctx.world.report(errors.unknownTokenizer(node.span, name && nearest(name, TOKENIZERS), [...TOKENIZERS]));
    return POISON;
  }
  const kind = name as TokenizerSpec["kind"];
  const [arg] = node.args;
  const most = kind === "bytes" ? 0 : 1;
  const [named] = node.args.flatMap((one) => one.name ?? []);
  if (named) ctx.world.report(errors.tokenizerArgument(named.span, named.text, kind, most > 0));
  else if (node.args.length > most) ctx.world.report(errors.tooManyArguments(node.args[most]!.span, `\`${kind}\``, most));
  if (named || node.args.length > most) return POISON;
  const given = arg && evaluateSize(arg.value, ctx);
  const size = given && dims.asNumber(given.dim);
  const least = IDS.specials + 1;
  if (arg && (size === undefined || size < least)) {
    if (given) ctx.world.report(errors.wrongSetting(arg.span, "tokenizer", `a vocabulary of at least ${least}`));
    return POISON;
  }
  const sizes = new Map<string, SizeVal>();
  const known = { ...IDS, ...facts, size: facts.size ?? size ?? NOMINAL[kind] };
  for (const [key, value] of Object.entries(known)) sizes.set(key, sizeVal(dims.constant(value), `tokenizer.${key}`, { text: `tokenizer = ${name}(…)`, span: node.span }));
  return { kind: "tokenizer", spec: { kind, ...(size !== undefined && { size }), vocabulary: known.size }, sizes };
}
