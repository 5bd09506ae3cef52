import { describe, expect, it } from "vitest";
import type { LogRow } from "../../runtime/index.ts";
import { reportHtml } from "../../src/report/index.ts";
import type { RunFacts } from "../../src/report/index.ts";
import { assertWellFormed } from "./well-formed.ts";

const facts: RunFacts = {
  format: 1,
  title: "runs/translation",
  model: {
    name: "Transformer",
    sources: [{ path: "model.tfm", text: 'model A(d = 4) { // "x" < y & z\n  if d < 3 { }\n}\n' }],
    sizes: [["d", "4"]],
    parameters: [0, 1, 2].flatMap((l) => [{ path: `encoder.${l}.up.weight`, shape: [4, 8] }, { path: `encoder.${l}.up.bias`, shape: [8] }]).concat([{ path: "head", shape: [4] }]),
    layers: { encoder: "Stack", "encoder.0": "EncoderLayer" },
  },
  steps: 100,
  recipe: [["optimizer", "Adam"]],
  data: [["SHA-256", "abc"]],
  machine: [["adapter", "llvmpipe"]],
  versions: [["tfm", "0.1.0"]],
  sittings: [{ started: "2026-11-20T10:00:00.000Z", seconds: 75, from: 0, to: 100, end: "done" }],
  samples: [{ source: "<script>alert(1)</script>", wanted: "a & b", given: '"><img src=x>' }],
};

const row = (step: number, loss: number | null): LogRow => ({ step, loss: loss as number, learning_rate: 1e-3, grad_norm: 0.5, tokens_per_second: 1000, ms: 10 });
const charts = (html: string): number => html.split('<svg class="chart"').length - 1;

describe("reportHtml", () => {
  it("is well-formed, asks for nothing and runs nothing, whatever the data say", () => {
    const html = reportHtml({ facts, rows: [1, 2, 3].map((step) => row(step, 3 - step)) });
    assertWellFormed(html);
    expect(html).not.toContain("<script");
    expect(html).not.toContain("<img");
    expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(/<[^>]*\s(?:src|href|on\w+)=|url\(|@import|https?:/.test(html)).toBe(false);
  });

  it("draws loss, rate, gradient and speed, and a metric that was measured more than once", () => {
    const rows: LogRow[] = [row(10, 2), { step: 10, eval_bleu: 12 }, row(20, 1), { step: 20, eval_bleu: 30, eval_f1: 0.5 }];
    const html = reportHtml({ facts, rows });
    expect(charts(html)).toBe(5);
    expect(html).toContain("<h3>BLEU</h3>");
    // Measured once: a number, no curve.
    expect(html).not.toContain("<h3>F1</h3>");
    expect(html).toContain("<b>0.5</b><span>F1</span>");
  });

  it("draws what is measured later of an earlier step, as of best weights, where that step is", () => {
    const rows: LogRow[] = [{ step: 10, eval_bleu: 12 }, { step: 20, eval_bleu: 30 }, { step: 30, eval_bleu: 20 }];
    expect(reportHtml({ facts, rows: [...rows, { step: 15, eval_bleu: 25 }] })).toBe(reportHtml({ facts, rows: [rows[0]!, { step: 15, eval_bleu: 25 }, rows[1]!, rows[2]!] }));
    expect(reportHtml({ facts, rows: [...rows, { step: 15, eval_bleu: 25 }] })).toContain("<b>20</b><span>BLEU</span>");
  });

  it("says what the speed counts", () => {
    const of = (counted?: string): string => reportHtml({ facts: { ...facts, ...(counted ? { counted } : {}) }, rows: [row(1, 2), row(2, 1)] });
    expect(of()).toContain("<h3>Tokens per second</h3>");
    expect(of()).toContain("<span>tokens a second</span>");
    expect(of("images")).toContain("<h3>Images per second</h3>");
    expect(of("images")).toContain("<span>images a second</span>");
    expect(of("images")).not.toMatch(/tokens/i);
  });

  it("calls the loss on what is set aside otherwise than that of training", () => {
    const html = reportHtml({ facts, rows: [row(1, 2), row(2, 1), { step: 1, eval_loss: 3 }, { step: 2, eval_loss: 2 }] });
    expect(html.match(/<h3>[^<]*oss<\/h3>/g)).toEqual(["<h3>Loss</h3>", "<h3>Validation loss</h3>"]);
    expect(html).toContain("<b>2</b><span>Validation loss</span>");
  });

  it("leaves a gap where the log has no number", () => {
    const html = reportHtml({ facts, rows: [row(1, 4), row(2, 3), row(3, null), row(4, Number.POSITIVE_INFINITY), row(5, 2), row(6, 1)] });
    assertWellFormed(html);
    const loss = html.slice(html.indexOf("<h3>Loss</h3>"), html.indexOf("<h3>Learning rate</h3>"));
    expect(loss.split('<path class="line"').length - 1).toBe(2);
    expect(html).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("is a page with one row, with none, and with none that is finite", () => {
    for (const rows of [[row(7, 2.5)], [], [row(1, null), row(2, null)]]) {
      const html = reportHtml({ facts, rows });
      assertWellFormed(html);
      expect(html).not.toMatch(/NaN|Infinity|undefined/);
    }
    expect(reportHtml({ facts, rows: [row(7, 2.5)] })).toContain('<circle class="dot"');
    expect(reportHtml({ facts, rows: [] })).toContain("The log has no rows.");
    expect(reportHtml({ facts, rows: [row(1, null)] })).toContain("No finite value.");
  });

  it("shows the figure of the model where there is one", () => {
    const html = reportHtml({ facts: { ...facts, model: { ...facts.model, figure: "<svg><title>a figure</title></svg>" } }, rows: [] });
    expect(html).toContain('<div class="panel figure"><svg><title>a figure</title></svg></div>');
    expect(reportHtml({ facts, rows: [] })).not.toContain('class="panel figure"');
  });

  it("folds equal layers of a stack and adds their parameters up", () => {
    const html = reportHtml({ facts, rows: [] });
    expect(html).toContain('<span class="mono">0 … 2</span>');
    expect(html).toContain("× 3");
    // 3·(4·8 + 8) + 4
    expect(html).toContain("Parameters, 124 numbers in 7 tensors");
  });

  it("says how a run failed", () => {
    const html = reportHtml({ facts: { ...facts, sittings: [{ ...facts.sittings[0]!, end: "failed", trouble: "the loss is not finite at step <7>" }] }, rows: [] });
    expect(html).toContain("the loss is not finite at step &lt;7&gt;");
    expect(html).toContain('class="end failed"');
  });

  it("keeps a long log small without losing its peaks", () => {
    const rows = Array.from({ length: 20_000 }, (_, at) => row(at + 1, at === 12_345 ? 9 : 1));
    const html = reportHtml({ facts, rows });
    expect(html.length).toBeLessThan(200_000);
    const path = /<path class="line faint" d="([^"]*)"/.exec(html.slice(html.indexOf("<h3>Loss</h3>")))?.[1] ?? "";
    const heights = [...path.matchAll(/[ML][\d.]+ ([\d.]+)/g)].map((match) => Number(match[1]));
    expect(heights.filter((height) => height < 100)).toHaveLength(1);
  });
});
