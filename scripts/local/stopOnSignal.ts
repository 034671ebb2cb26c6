const LEAVING = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * What a verb that keeps running does at Ctrl-C: it stops what it started, in order. Until now run.ts would have ended
 * everything at once, which is right while a verb works and wrong for processes that have something to close; so it
 * steps back. Whoever asks a second time does not want to wait: then everything is ended as the process exits.
 */
export function stopOnSignal(stop: () => Promise<void>, say: (line: string) => void): void {
  let isStopping = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.removeAllListeners(signal);
    process.on(signal, () => {
      if (isStopping) process.exit(LEAVING[signal]);
      isStopping = true;
      say("\n stopping …");
      void stop().then(
        () => process.exit(0),
        (error: unknown) => {
          process.stderr.write(`midchain: not everything stopped by itself: ${String(error)}\n`);
          process.exit(1);
        },
      );
    });
  }
}
