import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { browser, fetchBrowser } from "../../scripts/setup/browser.mjs";
import { machine, standIns } from "./stand-ins.ts";

const { folder } = standIns({
  fetched: ["chromium-headless-shell_150.0-1_amd64", "libnss3_3.87_amd64", "libpulse0_16.1_amd64", "libc6_2.36_amd64"],
  unpacked: `  *chromium*) [ -n "$TEST_NO_SHELL" ] || { mkdir -p "$3/usr/lib/chromium"; : > "$3/usr/lib/chromium/chromium-headless-shell"; };;
  *libnss3*) mkdir -p "$3/usr/lib/x86_64-linux-gnu"; : > "$3/usr/lib/x86_64-linux-gnu/libnss3.so";;
  *libpulse0*) mkdir -p "$3/usr/lib/x86_64-linux-gnu/pulseaudio"; : > "$3/usr/lib/x86_64-linux-gnu/pulseaudio/libpulsecommon-16.1.so";;`,
});
const place = (): string => path.join(folder(), ".cache/browser");
const fetched = () => fetchBrowser(place(), () => {}, machine) as Promise<{ readonly ok: boolean; readonly reason?: string }>;

describe.runIf(process.platform === "linux")("fetching a browser", () => {
  it("asks the release itself, without backports, and finds the browser where the folder is now", async () => {
    expect(await fetched()).toEqual({ ok: true });
    expect(readFileSync(path.join(folder(), "log"), "utf8")).toContain("--no-install-recommends chromium-headless-shell fonts-dejavu-core");
    const moved = path.join(folder(), "moved");
    renameSync(place(), moved);
    const none = path.join(folder(), "none");
    delete process.env["CHROMIUM"];
    const libraries = ["root/usr/lib/x86_64-linux-gnu", "root/usr/lib/x86_64-linux-gnu/pulseaudio"].map((name) => path.join(moved, name));
    const environment = { LD_LIBRARY_PATH: libraries.join(":"), FONTCONFIG_FILE: path.join(moved, "fonts.conf"), XDG_CACHE_HOME: path.join(moved, "cache") };
    expect(browser(moved, [none])).toEqual({ executable: path.join(moved, "root/usr/lib/chromium/chromium-headless-shell"), environment });
    for (const file of [...libraries, environment.FONTCONFIG_FILE]) expect(existsSync(file), file).toBe(true);
    expect(browser(place(), [none])).toBe(undefined);
    const own = path.join(folder(), "own");
    writeFileSync(own, "");
    expect(browser(moved, [own])).toEqual({ executable: own, environment: {} });
    process.env["CHROMIUM"] = own;
    expect(browser(moved, [none])).toEqual({ executable: own, environment: {} });
  });

  it("says so where the packages hold none", async () => {
    process.env["TEST_NO_SHELL"] = "1";
    expect(await fetched()).toEqual({ ok: false, reason: "the packages hold no Chromium" });
    expect(existsSync(place())).toBe(false);
  });
});
