import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** Environment variables, as in `process.env`. */
export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Where the adapter comes from. "given": the user named a Vulkan driver; "private": the one that set-up fetched, because the system
 * offered none; "system": whatever the system has.
 */
export type AdapterSource = "given" | "private" | "system";

export interface AdapterEnvironment {
  readonly source: AdapterSource;
  /** What must be set before Node starts: the Vulkan loader is found when the process begins, not later. */
  readonly variables: Readonly<Record<string, string>>;
  /** The packages behind a private driver, "name version" each. */
  readonly packages: readonly string[];
}

/** What set-up writes beside the unpacked packages; both paths are relative to its folder. */
interface PrivateAdapter {
  readonly driver: string;
  readonly libraries: string;
  readonly packages: readonly string[];
}

/** Decides by files and variables alone; set-up has already tried the system's own adapter. */
export function adapterEnvironment(root: string, current: Variables): AdapterEnvironment {
  const folder = path.join(root, ".cache", "adapter");
  // Vulkan complains on stderr where there is no such folder.
  const quiet = current["XDG_RUNTIME_DIR"] === undefined ? { XDG_RUNTIME_DIR: tmpdir() } : {};
  const named = current["VK_DRIVER_FILES"] ?? current["VK_ICD_FILENAMES"] ?? "";
  const known = privateAdapter(folder);
  if (named !== "" && (known === undefined || named !== path.join(folder, known.driver))) return { source: "given", variables: quiet, packages: [] };
  if (known === undefined) return { source: "system", variables: quiet, packages: [] };
  return {
    source: "private",
    variables: {
      ...quiet,
      LD_LIBRARY_PATH: withFirst(path.join(folder, known.libraries), current["LD_LIBRARY_PATH"]),
      VK_DRIVER_FILES: path.join(folder, known.driver),
      // Mesa would keep compiled shaders in the home folder.
      MESA_SHADER_CACHE_DIR: current["MESA_SHADER_CACHE_DIR"] ?? path.join(root, ".cache", "mesa"),
    },
    packages: known.packages,
  };
}

function privateAdapter(folder: string): PrivateAdapter | undefined {
  try {
    return JSON.parse(readFileSync(path.join(folder, "adapter.json"), "utf8")) as PrivateAdapter;
  } catch {
    return undefined;
  }
}

/** A search path that begins with `folder` and holds it once. */
function withFirst(folder: string, searchPath: string | undefined): string {
  const rest = (searchPath ?? "").split(path.delimiter).filter((part) => part !== "" && part !== folder);
  return [folder, ...rest].join(path.delimiter);
}
