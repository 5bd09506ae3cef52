import { existsSync, mkdirSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { fetchPrivateAdapter, privateEnvironment } from "../../scripts/setup/private-adapter.mjs";
import { machine, standIns } from "./stand-ins.ts";

const { folder } = standIns({
  fetched: ["mesa-vulkan-drivers_25.0.7-2_amd64", "libvulkan1_1%3a1.3_amd64", "libexpat1_2.5_amd64", "libc6_2.36_amd64"],
  unpacked: `  *mesa*) [ -n "$TEST_NO_DRIVER" ] || { mkdir -p "$3/usr/share/vulkan/icd.d"; echo '{}' > "$3/usr/share/vulkan/icd.d/lvp_icd.x86_64.json"; };;
  *libvulkan1*) mkdir -p "$3/usr/lib/x86_64-linux-gnu"; : > "$3/usr/lib/x86_64-linux-gnu/libvulkan.so.1";;
  *libexpat*) mkdir -p "$3/lib/x86_64-linux-gnu"; : > "$3/lib/x86_64-linux-gnu/libexpat.so.1.8"; ln -s libexpat.so.1.8 "$3/lib/x86_64-linux-gnu/libexpat.so.1";;`,
});

const place = (): string => path.join(folder(), ".cache/adapter");
const fetched = () => fetchPrivateAdapter(place(), () => {}, machine) as Promise<{ readonly ok: boolean; readonly reason?: string }>;

describe.runIf(process.platform === "linux")("fetching a private driver", () => {
  it("keeps apt inside the folder, unpacks all but the C library, and notes the driver's place", async () => {
    expect(await fetched()).toEqual({ ok: true });
    expect(JSON.parse(readFileSync(path.join(place(), "adapter.json"), "utf8"))).toEqual({
      driver: "root/usr/share/vulkan/icd.d/lvp_icd.x86_64.json",
      libraries: "root/usr/lib/x86_64-linux-gnu",
      packages: ["libexpat1 2.5", "libvulkan1 1:1.3", "mesa-vulkan-drivers 25.0.7-2"],
    });
    expect(readFileSync(path.join(folder(), "log.unpacked"), "utf8")).not.toContain("libc6");
    // Of a package that has its libraries in /lib.
    expect(readlinkSync(path.join(place(), "root/usr/lib/x86_64-linux-gnu/libexpat.so.1"))).toBe("libexpat.so.1.8");
    expect(readFileSync(path.join(folder(), "log.list"), "utf8")).toBe("deb http://mirror.test/debian bookworm main\ndeb http://mirror.test/debian bookworm-backports main\n");

    const commands = readFileSync(path.join(folder(), "log"), "utf8").split("\n").filter((line) => line.includes("Dir::"));
    expect(commands.length).toBe(2);
    for (const line of commands) {
      for (const [, setting, value] of line.matchAll(/(Dir::\S+)=(\S+)/g)) expect(value === "/dev/null" || value?.startsWith(path.join(folder(), ".cache/adapter.new-")), setting).toBe(true);
    }
    expect(commands[1]).toContain("--download-only -y --no-install-recommends -t bookworm-backports mesa-vulkan-drivers libvulkan1");
    expect(readdirSync(path.join(folder(), ".cache"))).toEqual(["adapter"]);
  });

  it("names the environment by where the folder is now", async () => {
    await fetched();
    delete process.env["LD_LIBRARY_PATH"];
    expect(privateEnvironment(place())).toEqual({
      LD_LIBRARY_PATH: path.join(place(), "root/usr/lib/x86_64-linux-gnu"),
      VK_DRIVER_FILES: path.join(place(), "root/usr/share/vulkan/icd.d/lvp_icd.x86_64.json"),
    });
    expect(privateEnvironment(path.join(folder(), "none"))).toBe(undefined);
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
    expect(readdirSync(path.join(folder(), ".cache"))).toEqual(["adapter"]);
  });

  it("says so where there is no apt", async () => {
    process.env["PATH"] = path.join(folder(), "empty");
    expect(await fetched()).toMatchObject({ ok: false, reason: expect.stringContaining("no apt-get and dpkg-deb") });
    expect(existsSync(path.join(folder(), ".cache"))).toBe(false);
  });
});
