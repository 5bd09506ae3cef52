/** What the process's exit code says; the same for every command. */
export const exitCodes = {
  ok: 0,
  /** The model or the data is wrong. Also a failing `fmt --check`. */
  wrong: 1,
  /** The command line is wrong. */
  usage: 2,
  noAdapter: 3,
  /** The device was lost, the driver crashed, or memory ran out. */
  deviceLost: 4,
  /** The loss or a gradient is not finite. */
  diverged: 5,
  /** Ended by Ctrl-C or a signal; a training run has written its checkpoint. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
