// looks at this machine and at the relayer's settings, and says what is wrong and how to put it right
import { Command } from "commander";
import type { Finding } from "./doctor/finding.ts";
import { lookAtMachine } from "./doctor/machine.ts";
import { isRelayerHere, lookAtRelayer } from "./doctor/relayer.ts";

function print(findings: readonly Finding[]): void {
  const width = Math.max(...findings.map(({ what }) => what.length));
  for (const { what, ok, needed, found, fix } of findings) {
    console.log(` ${ok ? "✔" : needed ? "✖" : "·"} ${what.padEnd(width)}  ${found}`);
    if (fix !== undefined) console.log(`   ${" ".repeat(width)}  fix: ${fix}`);
  }
}

async function main(options: { readonly json?: true }): Promise<void> {
  const { env } = process;
  const hasRelayer = isRelayerHere(env);
  const findings = [...(await lookAtMachine(env)), ...(hasRelayer ? await lookAtRelayer(env) : [])];
  const wrong = findings.filter(({ ok, needed }) => !ok && needed).length;
  if (options.json === true) console.log(JSON.stringify({ ok: wrong === 0, relayer: hasRelayer, checks: findings }));
  else {
    print(findings);
    if (!hasRelayer) console.log("\nNo relayer settings in the environment: only the machine was looked at.");
    console.log(wrong === 0 ? "\nnothing is broken" : `\n${wrong} to put right`);
  }
  process.exitCode = wrong === 0 ? 0 : 1;
}

await new Command("./midchain doctor")
  .description("looks at this machine and, where relayer settings are in the environment, at those")
  .option("--json", "one object for machines")
  .action(main)
  .parseAsync();
