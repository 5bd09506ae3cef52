// What the machine's own package lists say, and the one-line list made from them for a private `apt-get`.

/**
 * One repository of a package list.
 * @typedef {{ uris: string[], suites: string[], components: string[], options: Record<string, string> }} Repository
 */

/** The enabled binary repositories of a deb822 file (`*.sources`). @returns {Repository[]} */
export function parseDeb822(text) {
  const repositories = [];
  for (const fields of stanzas(text)) {
    const words = (name) => (fields.get(name) ?? "").split(/\s+/).filter((word) => word !== "");
    if (fields.get("enabled")?.toLowerCase() === "no" || !words("types").includes("deb")) continue;
    const options = {};
    for (const name of ["signed-by", "trusted", "check-valid-until"]) {
      const value = fields.get(name);
      // A key written into the stanza itself has several lines and no one-line form; apt's keyrings hold it too.
      if (value !== undefined && !value.includes("\n")) options[name] = value.split(/\s+/).join(",");
    }
    repositories.push({ uris: words("uris"), suites: words("suites"), components: words("components"), options });
  }
  return repositories;
}

/** The fields of each stanza by lower-case name; continuation lines are kept with line breaks. */
function stanzas(text) {
  const found = [];
  let fields = new Map();
  let last;
  for (const line of [...text.split(/\r?\n/), ""]) {
    if (line.startsWith("#")) continue;
    const field = /^([A-Za-z][A-Za-z0-9-]*):\s*(.*)$/.exec(line);
    if (line.trim() === "") {
      if (fields.size > 0) found.push(fields);
      fields = new Map();
      last = undefined;
    } else if (field !== null) {
      last = field[1].toLowerCase();
      fields.set(last, field[2].trim());
    } else if (last !== undefined && /^\s/.test(line)) {
      const before = fields.get(last);
      fields.set(last, before === "" ? line.trim() : `${before}\n${line.trim()}`);
    }
  }
  return found;
}

/** The binary repositories of a one-line list (`sources.list`, `*.list`). @returns {Repository[]} */
export function parseOneLine(text) {
  const repositories = [];
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)((?:\s+[^\s#]+)*)\s*(?:#.*)?$/.exec(line);
    if (match === null) continue;
    const options = {};
    for (const word of (match[1] ?? "").split(/\s+/)) {
      const at = word.indexOf("=");
      if (at > 0) options[word.slice(0, at).toLowerCase()] = word.slice(at + 1);
    }
    const components = match[4].split(/\s+/).filter((word) => word !== "");
    repositories.push({ uris: [match[2]], suites: [match[3]], components, options });
  }
  return repositories;
}

/** `KEY=value` lines of /etc/os-release. @returns {Record<string, string>} */
export function parseOsRelease(text) {
  const values = {};
  for (const line of text.split(/\r?\n/)) {
    const match = /^([A-Z_]+)=(?:"(.*)"|'(.*)'|(.*))$/.exec(line.trim());
    if (match !== null) values[match[1]] = match[2] ?? match[3] ?? match[4];
  }
  return values;
}

/**
 * The private package list for a distribution: its own archive, as the machine's lists name it, with the updates that they name,
 * and with the backports where the release's own Mesa is too old for Dawn.
 *
 * @param {Repository[]} repositories
 * @param {Record<string, string>} osRelease
 * @returns {{ ok: true, list: string, release: string | undefined } | { ok: false, reason: string }}
 */
export function privateSources(repositories, osRelease) {
  const codename = osRelease.VERSION_CODENAME ?? osRelease.UBUNTU_CODENAME;
  const name = osRelease.PRETTY_NAME ?? "this system";
  if (codename === undefined) return { ok: false, reason: `${name} names no release in /etc/os-release` };
  if (TOO_OLD.has(codename)) return { ok: false, reason: `the Mesa of ${name} is older than Dawn accepts` };
  const archive = archiveOf(repositories, codename);
  if (archive === undefined) return { ok: false, reason: `the package lists of ${name} name no archive of "${codename}"` };
  const backports = NEEDS_BACKPORTS.has(codename) ? `${codename}-backports` : undefined;
  const named = new Set(repositories.flatMap((one) => one.suites));
  const suites = [codename, named.has(`${codename}-updates`) ? `${codename}-updates` : undefined, backports];
  const options = Object.entries(archive.options).map(([key, value]) => `${key}=${value}`);
  const bracket = options.length === 0 ? "" : `[${options.join(" ")}] `;
  const lines = archive.uris.flatMap((uri) =>
    suites.filter((suite) => suite !== undefined).map((suite) => `deb ${bracket}${uri} ${suite} ${archive.components.join(" ")}`),
  );
  return { ok: true, list: `${lines.join("\n")}\n`, release: backports };
}

/** Dawn refuses the Mesa 22.3 of Debian 12; its backports hold Mesa 25. */
const NEEDS_BACKPORTS = new Set(["bookworm"]);
const TOO_OLD = new Set(["buster", "bullseye", "bionic", "focal"]);

/** The distribution's archive among the repositories: third parties use the release's name too, but not its folder. */
function archiveOf(repositories, codename) {
  const candidates = repositories.filter((one) => one.suites.includes(codename) && one.components.includes("main") && one.uris.length > 0);
  return candidates.find((one) => /\/(debian|ubuntu|ubuntu-ports)(\.list)?\/?$/.test(one.uris[0])) ?? candidates[0];
}
