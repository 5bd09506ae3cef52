/** The settings that a recipe may have, in the order in which messages offer them. */
export const SETTINGS = [
  "tokenizer", "data", "model", "optimizer", "undecayed", "frozen", "rates", "batch", "steps", "clip", "average", "seed", "accumulate", "generate", "metrics", "init_from",
  "validation", "evaluate", "patience", "watch", "phases",
] as const;

export type SettingName = (typeof SETTINGS)[number];

/** Settings without which there is no recipe. */
export const REQUIRED: ReadonlySet<string> = new Set<SettingName>(["data", "model", "optimizer", "batch", "steps"]);

/** Settings that take several values. */
export const LISTS: ReadonlySet<string> = new Set<SettingName>(["undecayed", "frozen", "rates", "metrics", "phases"]);

/** Settings that are calls: `--set recipe.optimizer='Sgd(lr: 0.1)'` is read as the file would be. The others take what `valueFromText` reads. */
export const CALLS: ReadonlySet<string> = new Set<SettingName>(["tokenizer", "data", "model", "optimizer", "generate"]);
