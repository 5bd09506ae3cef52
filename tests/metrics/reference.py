# Writes sacrebleu.json: what sacreBLEU 2.6.0 says of the texts below. python3 -B reference.py > sacrebleu.json (pip install sacrebleu==2.6.0)
import json, random
import sacrebleu
from sacrebleu.metrics import BLEU
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

lines = [
    "Hello, world!", "It costs 1,234.50 dollars.", "1,5 3.14 .5 5. a.b a,b 1.a a.1 ,, ..", "U.S. Outlying Islands & co.", "10-12 a-b 3- -4 --",
    "the &quot;quoted&quot; &amp; &lt;b&gt; &amp;lt;", "a\tb\u00a0c\u202fd\u3000e", "«\u00a0Oui\u00a0» — l'été d’Élodie", "(a) [b] {c} <d> ~e` f@g h/i:j;k=l?m!n",
    "", "   ", "<skipped>", "x<skipped>y", "line-\nbreak", "line\nbreak", "ends-", "ends-\n", "$12.50 €12.50 12 % 30%", "São Tomé & Príncipe, Türkiye.",
    "😀, 5😀.6 😀-7", "3:45 PM, Mon, Mar 4", "..., 1... 2,,3", "1\u0661.\u06612", "a\x1cb\x85c\ufeffd",
    "a mark\ufeff", "\ufeff", "ends-\n\x85", "ends-\n \x1c\x1f\u3000", "ends-\n\ufeff",
]
corpora = [
    (["the cat sat on the mat"], ["the cat sat on the mat"]),
    (["the the the the the the the"], ["the cat is on the mat"]),
    (["a b c d"], ["a b c d e f g h"]),
    (["completely different words here"], ["nothing in common at all"]),
    (["", "a b c d e"], ["x y", "a b c d e"]),
    (["one"], ["one"]),
    (["one two"], ["one two three"]),
    (["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."], ["The dog bit the man.", "It was not unexpected.", "The man bit him first."]),
    (["March 4, 2024", "in 3 day", "€12.50"], ["March 4, 2025", "in 3 days", "€12.50"]),
    (["the Cat sat", "a dog"], ["the cat sat", "A dog"]),
]
random.seed(1)
words = "a b c d e f, g. h-i 1,000 2.5 U.S. (x) & the".split()
for size in (1, 3, 20, 100):
    refs = [" ".join(random.choice(words) for _ in range(random.randint(1, 12))) for _ in range(size)]
    hyps = [" ".join(random.choice(words) if random.random() < 0.3 else w for w in r.split() if random.random() < 0.9) for r in refs]
    corpora.append((hyps, refs))

def corpus(hyps, refs):
    s = BLEU().corpus_score(hyps, [refs])
    return {"hypotheses": hyps, "references": refs, "score": s.score, "precisions": s.precisions, "bp": s.bp, "lengths": [s.sys_len, s.ref_len]}

print(json.dumps({"version": sacrebleu.__version__,
                  "tokens": [[line, Tokenizer13a()(line.rstrip()).split(" ") if Tokenizer13a()(line.rstrip()) else []] for line in lines],
                  "corpora": [corpus(*c) for c in corpora]}, indent=1, ensure_ascii=True))
