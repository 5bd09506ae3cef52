/** What the process's exit code says; the same for every command. */
export const exitCodes = {
  ok: 0,
  wrong: 1,
  usage: 2,
  noAdapter: 3,
  deviceLost: 4,
  diverged: 5,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** As the help lists them. */
export const exitCodeMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: "done",
  wrong: "the model or the data is wrong, or a file is not formatted (fmt --check)",
  usage: "the command line is wrong",
  noAdapter: "there is no GPU, and no driver that computes on the CPU",
  deviceLost: "the device was lost, the driver crashed, or memory ran out",
  diverged: "the loss or a gradient is not finite",
  interrupted: "ended by Ctrl-C or a signal; a training run has written its checkpoint",
};
