/** Ends a verb with one line for the cause and one for the fix; never a stack. 2 means the call itself was wrong. */
export function refuse(cause: string, fix: string, exitCode: 1 | 2 = 1): never {
  process.stderr.write(`midchain: ${cause}\n  fix: ${fix}\n`);
  process.exit(exitCode);
}
