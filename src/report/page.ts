/** A run as one page that needs nothing but itself. */
import type { LogRow } from "../../runtime/index.ts";
import { chartSvg } from "./chart.ts";
import type { ChartOptions, Point } from "./chart.ts";
import type { Fact, ReportData, RunFacts, Sample } from "./data.ts";
import { highlighted } from "./highlight.ts";
import { parameterTree } from "./parameters.ts";
import type { ParameterTree } from "./parameters.ts";
import { STYLE } from "./style.ts";
import { escape, figure, plural, short } from "./text.ts";

/** The whole `report.html`. A pure function: the same run gives the same text. */
export function reportHtml({ facts, rows }: ReportData): string {
  const curves = curvesOf(rows);
  const charts = [...curves].flatMap(([name, points]) => panel(name, points, facts));
  return [
    `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>`,
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>`,
    `<title>${escape(`${facts.title} · ${facts.model.name}`)}</title><style>${STYLE}</style></head><body><main>`,
    heading(facts),
    tiles(facts, curves),
    section("Curves", charts.length === 0 ? `<p class="soft">The log has no rows.</p>` : `<div class="grid2">${charts.join("")}</div>`),
    samplesSection(facts.samples),
    section("Model", modelPanels(facts)),
    `<div class="grid2">${factsPanel("Recipe", facts.recipe)}${factsPanel("Data", facts.data)}${factsPanel("Machine", facts.machine)}${factsPanel("Versions", facts.versions)}</div>`,
    section("Times", sittingsTable(facts)),
    `<footer>Written by tfmc from log.jsonl and run.json of this folder; <code>tfmc report</code> makes it anew.</footer>`,
    "</main></body></html>\n",
  ].join("\n");
}

type Curves = ReadonlyMap<string, readonly Point[]>;

/** Every number of the log by its name, in the order in which the names come up. */
function curvesOf(rows: readonly LogRow[]): Curves {
  const curves = new Map<string, Point[]>();
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      if (name === "step" || (typeof value !== "number" && value !== null)) continue;
      const points = curves.get(name) ?? [];
      points.push({ step: row.step, value });
      curves.set(name, points);
    }
  }
  // The best weights are those of an earlier step, and measured later.
  return new Map([...curves].map(([name, points]) => [name, points.toSorted((a, b) => a.step - b.step)]));
}

const TRAINING: Readonly<Record<string, ChartOptions>> = {
  loss: { title: "Loss", smooth: true },
  learning_rate: { title: "Learning rate", zero: true },
  grad_norm: { title: "Norm of the gradient, before clipping", smooth: true, decades: true },
  tokens_per_second: { title: "Tokens per second", zero: true, smooth: true },
};

/** A chart; nothing for the time of a step, which its speed tells, and for what was measured once, which a tile tells. */
function panel(name: string, points: readonly Point[], { counted }: RunFacts): readonly string[] {
  const measured = name.startsWith("eval_");
  if (name === "ms" || (measured && points.length < 2)) return [];
  const usual = TRAINING[name] ?? { title: title(name), marks: measured };
  const options = name === "tokens_per_second" && counted !== undefined ? { ...usual, title: title(`${counted}_per_second`) } : usual;
  const svg = chartSvg(points, options);
  return [`<figure class="panel" style="margin:0"><h3>${escape(options.title)}</h3>${svg === "" ? `<p class="soft">No finite value.</p>` : svg}</figure>`];
}

/** "eval_exact_match" is "Exact match"; a loss is measured in training as well. */
function title(name: string): string {
  if (name === "eval_loss") return "Validation loss";
  const words = name.replace(/^eval_/, "").replaceAll("_", " ");
  if (words === "bleu" || words === "f1") return words.toUpperCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const ENDS = { done: "trained to the end", enough: "ended when it got no better", stopped: "stopped early", interrupted: "interrupted", failed: "failed" } as const;

function heading({ title: name, model, sittings }: RunFacts): string {
  const last = sittings.at(-1);
  const mark = last === undefined ? "" : `<span class="end ${last.end}">${ENDS[last.end]}</span>`;
  const when = sittings[0]?.started.replace("T", " ").replace(/\.\d+Z$|Z$/, " UTC");
  const trouble = last?.trouble === undefined ? "" : `<p class="trouble">${escape(last.trouble)}</p>`;
  return `<h1>${escape(name)}${mark}</h1><p class="soft">${escape(model.name)}, from ${escape(model.sources[0]?.path ?? "an unknown file")}${when === undefined ? "" : `, started ${escape(when)}`}</p>${trouble}`;
}

function tiles({ model, steps, sittings, counted = "tokens" }: RunFacts, curves: Curves): string {
  const last = (name: string): number | undefined => curves.get(name)?.findLast(({ value }) => value !== null && Number.isFinite(value))?.value ?? undefined;
  const elements = parameterTree(model.parameters).elements;
  const seconds = sittings.reduce((sum, sitting) => sum + sitting.seconds, 0);
  const speed = median((curves.get("tokens_per_second") ?? []).flatMap(({ value }) => (value !== null && Number.isFinite(value) ? [value] : [])));
  const done = sittings.at(-1)?.to ?? Math.max(0, ...[...curves.values()].map((points) => points.at(-1)?.step ?? 0));
  const loss = last("loss");
  const found: Fact[] = [
    ...[...curves.keys()].filter((name) => name.startsWith("eval_")).flatMap((name): Fact[] => (last(name) === undefined ? [] : [[title(name), figure(last(name) as number)]])),
    ...(loss === undefined ? [] : [["last training loss", figure(loss)] as const]),
    [`of ${plural(steps, "step")}`, done.toLocaleString("en-US")],
    ...(seconds === 0 ? [] : [["of training", durationText(seconds)] as const]),
    ...(speed === undefined ? [] : [[`${counted} a second`, figure(speed)] as const]),
    ["parameters", short(elements)],
  ];
  return `<div class="tiles">${found.map(([name, value]) => `<div class="tile"><b>${escape(value)}</b><span>${escape(name)}</span></div>`).join("")}</div>`;
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** "41 s", "12 min 30 s", "1 h 02 min". */
export function durationText(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor(whole / 60) % 60).padStart(2, "0")} min`;
}

function section(name: string, content: string): string {
  return `<section><h2>${escape(name)}</h2>${content}</section>`;
}

function samplesSection(samples: readonly Sample[]): string {
  if (samples.length === 0) return "";
  const row = ({ source, wanted, given }: Sample): string =>
    `<tr><td>${escape(source)}</td><td>${given === wanted ? `<mark>${escape(given)}</mark>` : given.trim() === "" ? `<span class="soft">(nothing)</span>` : escape(given)}</td><td>${escape(wanted)}</td></tr>`;
  const right = samples.filter(({ given, wanted }) => given === wanted).length;
  return section("Samples", `<div class="panel"><table><thead><tr><th>given</th><th>written by the model</th><th>wanted</th></tr></thead><tbody>${samples.map(row).join("")}</tbody></table></div><p class="soft">${right} of these ${samples.length} are as wanted.</p>`);
}

function modelPanels({ model }: RunFacts): string {
  const [main, ...used] = model.sources;
  const tree = parameterTree(model.parameters);
  const source = (text: string): string => `<pre>${highlighted(text.trimEnd())}</pre>`;
  const panels = [
    `<div class="panel"><h3>Parameters, ${plural(tree.elements, "number")} in ${plural(model.parameters.length, "tensor")}</h3><div class="tree">${tree.children.map((child) => treeHtml(child, model.layers, 0)).join("")}</div></div>`,
    factsPanel("Sizes", model.sizes),
  ];
  const others = used.map(({ path, text }) => `<details class="panel" style="margin-top:16px"><summary>${escape(path)}</summary>${source(text)}</details>`);
  const figure = model.figure === undefined ? "" : `<div class="panel figure">${model.figure}</div>`;
  return `${figure}${main === undefined ? "" : source(main.text)}${others.join("")}<div class="grid2" style="margin-top:16px">${panels.join("")}</div>`;
}

function treeHtml(node: ParameterTree, layers: Readonly<Record<string, string>>, depth: number): string {
  const times = node.times > 1 ? `<span class="times">× ${node.times}</span>` : "";
  const count = `<span class="fill"></span><span class="right">${(node.elements * node.times).toLocaleString("en-US")}</span>`;
  if (node.shape !== undefined) return `<div class="leaf"><span class="mono">${escape(node.name)}</span><span class="soft mono">[${node.shape.join(", ")}]</span>${times}${count}</div>`;
  const layer = layers[node.path];
  const open = depth === 0 && node.children.some(({ times: many }) => many > 1);
  return `<details${open ? ' open="open"' : ""}><summary><span class="mono">${escape(node.name)}</span>${layer === undefined ? "" : `<span class="soft">${escape(layer)}</span>`}${times}${count}</summary>${node.children.map((child) => treeHtml(child, layers, depth + 1)).join("")}</details>`;
}

function factsPanel(name: string, facts: readonly Fact[]): string {
  if (facts.length === 0) return "";
  return `<div class="panel"><h3>${escape(name)}</h3><table class="facts"><tbody>${facts.map(([fact, text]) => `<tr><th>${escape(fact)}</th><td>${escape(text)}</td></tr>`).join("")}</tbody></table></div>`;
}

function sittingsTable({ sittings }: RunFacts): string {
  if (sittings.length === 0) return `<p class="soft">Not known.</p>`;
  const row = ({ started, seconds, from, to, end }: RunFacts["sittings"][number]): string =>
    `<tr><td>${escape(started.replace("T", " ").replace(/\.\d+Z$|Z$/, " UTC"))}</td><td class="right">${to > from ? `${from + 1} … ${to}` : "none"}</td><td class="right">${durationText(seconds)}</td><td class="${end}">${ENDS[end]}</td></tr>`;
  return `<div class="panel"><table><thead><tr><th>started</th><th class="right">steps</th><th class="right">time</th><th>end</th></tr></thead><tbody>${sittings.map(row).join("")}</tbody></table></div>`;
}
