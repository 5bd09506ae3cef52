import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseOneLine } from "../../scripts/setup/apt-sources.mjs";
import { fetchPrivateAdapter, privateEnvironment } from "../../scripts/setup/private-adapter.mjs";

const machine = {
  repositories: parseOneLine("deb http://mirror.test/debian bookworm main"),
  osRelease: { PRETTY_NAME: "Debian 12", VERSION_CODENAME: "bookworm" },
};

// Stand-ins for apt-get and dpkg-deb that keep to the files they are told: the first "fetches" three packages into Dir::Cache, the
// second unpacks a package by its name.
const APT_GET = `#!/bin/sh
echo "$*" >> "$TEST_LOG"
case "$*" in *--version*) exit 0;; esac
case "$*" in *" update") exit "\${TEST_UPDATE_CODE:-0}";; esac
for word in "$@"; do case "$word" in Dir::Cache=*) cache="\${word#Dir::Cache=}";; Dir::Etc::sourcelist=*) cp "\${word#Dir::Etc::sourcelist=}" "$TEST_LOG.list";; esac; done
if [ -n "$TEST_INSTALL_ERROR" ]; then echo "E: $TEST_INSTALL_ERROR" >&2; exit 100; fi
for name in mesa-vulkan-drivers_25.0.7-2_amd64 libvulkan1_1%3a1.3_amd64 libc6_2.36_amd64; do : > "$cache/archives/$name.deb"; done
`;
const DPKG_DEB = `#!/bin/sh
[ "$1" = --version ] && exit 0
echo "$2" >> "$TEST_LOG.unpacked"
case "$2" in
  *mesa*) [ -n "$TEST_NO_DRIVER" ] || { mkdir -p "$3/usr/share/vulkan/icd.d"; echo '{}' > "$3/usr/share/vulkan/icd.d/lvp_icd.x86_64.json"; };;
  *libvulkan1*) mkdir -p "$3/usr/lib/x86_64-linux-gnu"; : > "$3/usr/lib/x86_64-linux-gnu/libvulkan.so.1";;
esac
`;

let folder = "";
let before: NodeJS.ProcessEnv = {};
beforeEach(() => {
  before = { ...process.env };
  folder = mkdtempSync(path.join(tmpdir(), "tfm-"));
  mkdirSync(path.join(folder, "bin"));
  writeFileSync(path.join(folder, "bin/apt-get"), APT_GET, { mode: 0o755 });
  writeFileSync(path.join(folder, "bin/dpkg-deb"), DPKG_DEB, { mode: 0o755 });
  process.env["PATH"] = `${path.join(folder, "bin")}:${process.env["PATH"]}`;
  process.env["TEST_LOG"] = path.join(folder, "log");
});
afterEach(() => {
  for (const name of Object.keys(process.env)) if (before[name] === undefined) delete process.env[name];
  Object.assign(process.env, before);
  rmSync(folder, { recursive: true, force: true });
});

const place = (): string => path.join(folder, ".cache/adapter");
const fetched = () => fetchPrivateAdapter(place(), () => {}, machine) as Promise<{ readonly ok: boolean; readonly reason?: string }>;

describe.runIf(process.platform === "linux")("fetching a private driver", () => {
  it("keeps apt inside the folder, unpacks all but the C library, and notes the driver's place", async () => {
    expect(await fetched()).toEqual({ ok: true });
    expect(JSON.parse(readFileSync(path.join(place(), "adapter.json"), "utf8"))).toEqual({
      driver: "root/usr/share/vulkan/icd.d/lvp_icd.x86_64.json",
      libraries: "root/usr/lib/x86_64-linux-gnu",
      packages: ["libvulkan1 1:1.3", "mesa-vulkan-drivers 25.0.7-2"],
    });
    expect(readFileSync(path.join(folder, "log.unpacked"), "utf8")).not.toContain("libc6");
    expect(readFileSync(path.join(folder, "log.list"), "utf8")).toBe("deb http://mirror.test/debian bookworm main\ndeb http://mirror.test/debian bookworm-backports main\n");

    const commands = readFileSync(path.join(folder, "log"), "utf8").split("\n").filter((line) => line.includes("Dir::"));
    expect(commands.length).toBe(2);
    for (const line of commands) {
      for (const [, setting, value] of line.matchAll(/(Dir::\S+)=(\S+)/g)) expect(value === "/dev/null" || value?.startsWith(path.join(folder, ".cache/adapter.new-")), setting).toBe(true);
    }
    expect(commands[1]).toContain("--download-only -y --no-install-recommends -t bookworm-backports mesa-vulkan-drivers libvulkan1");
    expect(readdirSync(path.join(folder, ".cache"))).toEqual(["adapter"]);
  });

  it("names the environment by where the folder is now", async () => {
    await fetched();
    delete process.env["LD_LIBRARY_PATH"];
    expect(privateEnvironment(place())).toEqual({
      LD_LIBRARY_PATH: path.join(place(), "root/usr/lib/x86_64-linux-gnu"),
      VK_DRIVER_FILES: path.join(place(), "root/usr/share/vulkan/icd.d/lvp_icd.x86_64.json"),
    });
    expect(privateEnvironment(path.join(folder, "none"))).toBe(undefined);
  });

  it.each([
    [{ TEST_UPDATE_CODE: "100" }, "apt-get update failed"],
    [{ TEST_INSTALL_ERROR: "Failed to fetch" }, "apt-get could not fetch the packages: E: Failed to fetch"],
    [{ TEST_NO_DRIVER: "1" }, "the packages hold no lavapipe driver"],
  ])("with %j says why, keeps the old driver and leaves nothing half-made", async (fault, reason) => {
    mkdirSync(place(), { recursive: true });
    writeFileSync(path.join(place(), "adapter.json"), "old");
    Object.assign(process.env, fault);
    const result = await fetched();
    expect(result.ok).toBe(false);
    expect(result.reason).toContain(reason);
    expect(readFileSync(path.join(place(), "adapter.json"), "utf8")).toBe("old");
    expect(readdirSync(path.join(folder, ".cache"))).toEqual(["adapter"]);
  });

  it("says so where there is no apt", async () => {
    process.env["PATH"] = path.join(folder, "empty");
    expect(await fetched()).toMatchObject({ ok: false, reason: expect.stringContaining("no apt-get and dpkg-deb") });
    expect(existsSync(path.join(folder, ".cache"))).toBe(false);
  });
});
