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

function differingSigns(file: HuggingFaceTokenizer): RegExp {
  // The port has a small sigma of its own at the end of a word.
  if (file.model.type === "WordPiece") return /Σ/g;
  // The port's spaces are JavaScript's, the library's Unicode's.
  if (JSON.stringify(file.pre_tokenizer).includes('"use_regex":true')) return /[\u0085\uFEFF]/g;
  return /(?!)/g;
}
