import { exitCodes } from "./exit-codes.ts";

/**
 * A signal that aborts at the first Ctrl-C, SIGTERM or SIGHUP (a terminal that is closed), so that work can end in good order (a
 * training step completes, its checkpoint is written); a second Ctrl-C ends the process at once. One key press may arrive twice, from
 * the terminal and from the parent process: what follows within half a second counts as the same.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  const stop = (): void => {
    if (!controller.signal.aborted) {
      first = performance.now();
      controller.abort();
    } else if (performance.now() - first > 500) {
      process.exit(exitCodes.interrupted);
    }
  };
  process.on("SIGINT", stop).on("SIGTERM", stop).on("SIGHUP", stop);
  return controller.signal;
}
