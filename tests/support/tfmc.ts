import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import path from "node:path";
import { buildIfChanged } from "../../scripts/build.mjs";
import { packageRoot } from "../../src/package-root.ts";

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandRun {
  readonly cwd?: string | undefined;
  /** Added to this process's variables; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly input?: string | Uint8Array | undefined;
  /** Called once the process runs, to signal it for instance. */
  readonly started?: ((child: ChildProcess) => void) | undefined;
}

let built: Promise<void> | undefined;

/** Runs the bundled `tfmc` as a user would, from the sources as they are now. */
export async function tfmc(args: readonly string[], run: CommandRun = {}): Promise<CommandResult> {
  built ??= buildOnce();
  await built;
  return started(process.execPath, [path.join(packageRoot, "dist", "tfmc.js"), ...args], run);
}

async function buildOnce(): Promise<void> {
  const result = (await buildIfChanged(() => {})) as { readonly ok: boolean; readonly reason?: string };
  if (!result.ok) throw new Error(result.reason);
}

function started(command: string, args: readonly string[], { cwd, env, input, started: onStart }: CommandRun): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    // Vitest forces colours on what it starts.
    const child = spawn(command, args, { cwd, env: { ...process.env, FORCE_COLOR: undefined, NODE_OPTIONS: undefined, ...env }, stdio: "pipe" });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code: code ?? (signal === null ? 1 : 128), stdout, stderr }));
    child.stdin.end(input ?? "");
    onStart?.(child);
  });
}
