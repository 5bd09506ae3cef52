import { availableParallelism } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { adapterEnvironment } from "./src/gpu/environment.ts";

const root = fileURLToPath(new URL(".", import.meta.url));

// Most of what tests compute is small, and compiling it is most of their time: Mesa's driver on the CPU leaves its optimizer out. The numbers
// are the same bit for bit. What it keeps of such kernels is slow to run, so it lies apart from what trainings use.
const quick = { GALLIVM_PERF: "nopt", MESA_SHADER_CACHE_DIR: path.join(root, ".cache", "mesa-tests") };

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    // A worker is a process: a private Vulkan loader is found only where its variables stand at the start of one.
    pool: "forks",
    env: { ...adapterEnvironment(root, process.env).variables, ...quick },
    // Files share a worker, and so its device and its modules: opening a device costs more than most tests.
    isolate: false,
    maxWorkers: Math.max(1, availableParallelism()),
    // Generous: a software driver compiles kernels when they first run, for seconds each on a busy machine.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
