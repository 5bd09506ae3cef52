/** Stand-ins for apt-get and dpkg-deb that keep to the files they are told, in a folder of each test's own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach } from "vitest";
import { parseOneLine } from "../../scripts/setup/apt-sources.mjs";

export const machine = {
  repositories: parseOneLine("deb http://mirror.test/debian bookworm main"),
  osRelease: { PRETTY_NAME: "Debian 12", VERSION_CODENAME: "bookworm" },
};

export interface Packages {
  /** Names of the packages that the stand-in for apt-get "fetches" into Dir::Cache, as their files have them. */
  readonly fetched: readonly string[];
  /** What unpacking a package makes: cases of the shell's `case "$2" in` over its file, with the folder in `$3`. */
  readonly unpacked: string;
}

/** Faults are variables: TEST_UPDATE_CODE, TEST_INSTALL_ERROR. `folder()` has `log`, `log.list` and `log.unpacked`. */
export function standIns({ fetched, unpacked }: Packages): { readonly folder: () => string } {
  const aptGet = `#!/bin/sh
echo "$*" >> "$TEST_LOG"
case "$*" in *--version*) exit 0;; esac
case "$*" in *" update") exit "\${TEST_UPDATE_CODE:-0}";; esac
for word in "$@"; do case "$word" in Dir::Cache=*) cache="\${word#Dir::Cache=}";; Dir::Etc::sourcelist=*) cp "\${word#Dir::Etc::sourcelist=}" "$TEST_LOG.list";; esac; done
if [ -n "$TEST_INSTALL_ERROR" ]; then echo "E: $TEST_INSTALL_ERROR" >&2; exit 100; fi
for name in ${fetched.join(" ")}; do : > "$cache/archives/$name.deb"; done
`;
  const dpkgDeb = `#!/bin/sh
[ "$1" = --version ] && exit 0
echo "$2" >> "$TEST_LOG.unpacked"
case "$2" in
${unpacked}
esac
`;
  let folder = "";
  let before: NodeJS.ProcessEnv = {};
  beforeEach(() => {
    before = { ...process.env };
    folder = mkdtempSync(path.join(tmpdir(), "tfm-"));
    mkdirSync(path.join(folder, "bin"));
    writeFileSync(path.join(folder, "bin/apt-get"), aptGet, { mode: 0o755 });
    writeFileSync(path.join(folder, "bin/dpkg-deb"), dpkgDeb, { mode: 0o755 });
    process.env["PATH"] = `${path.join(folder, "bin")}:${process.env["PATH"]}`;
    process.env["TEST_LOG"] = path.join(folder, "log");
  });
  afterEach(() => {
    for (const name of Object.keys(process.env)) if (before[name] === undefined) delete process.env[name];
    Object.assign(process.env, before);
    rmSync(folder, { recursive: true, force: true });
  });
  return { folder: () => folder };
}
