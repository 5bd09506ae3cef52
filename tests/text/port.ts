import { Tokenizer as HuggingFace } from "@huggingface/tokenizers";
import type { HuggingFaceTokenizer, Tokenizer } from "../../runtime/text/index.ts";

/**
 * Our ids of a text beside those of `@huggingface/tokenizers`, which reads our file. It is a port of the Rust library `tokenizers` to
 * JavaScript, and where the two differ we do as the library: such signs are left out of the text, such ids are made alike.
 */
export function besidePort(tokenizer: Tokenizer): (text: string) => { readonly ours: readonly number[]; readonly theirs: readonly number[] } {
  const file = JSON.parse(JSON.stringify(tokenizer)) as HuggingFaceTokenizer;
  const port = new HuggingFace(file, {});
  const differing = differingSigns(file);
  // The port makes one token of unknown ones across pieces, the library within each.
  const alike = file.model.type === "Unigram" ? (ids: readonly number[]) => ids.filter((id, at) => id !== tokenizer.unk || ids[at - 1] !== id) : (ids: readonly number[]) => ids;
  return (text) => {
    const common = text.replace(differing, "");
    return { ours: alike(tokenizer.encode(common)), theirs: alike(port.encode(common, { add_special_tokens: false }).ids) };
  };
}

function differingSigns({ model, normalizer, pre_tokenizer: cut }: HuggingFaceTokenizer): RegExp {
  const parts = JSON.stringify([normalizer, cut]);
  // The port has a small sigma of its own at the end of a word, and BERT's ideographs of the first plane alone.
  if (parts.includes('"BertNormalizer"')) return /[Σ\u0085\uFEFF\u{20000}-\u{2FA1F}]/gu;
  if (model.type === "WordPiece") return /Σ/g;
  // The port's spaces are JavaScript's, the library's Unicode's.
  if (/"use_regex":true|\\\\s|WhitespaceSplit|"Prepend"/.test(parts)) return /[\u0085\uFEFF]/g;
  return /(?!)/g;
}
