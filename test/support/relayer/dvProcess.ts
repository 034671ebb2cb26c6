import { spawn } from "node:child_process";

export interface DvProcess {
  /** With the signer's account behind the #, as MIDCHAIN_DV_URLS wants it. */
  readonly url: string;
  readonly port: number;
  readonly kill: () => Promise<void>;
}

/** `relayer/dv/main.ts` as an operator starts it; resolves when it says that it is ready. */
export async function startDv(env: Readonly<Record<string, string>>): Promise<DvProcess> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "relayer/dv/main.ts"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], MIDCHAIN_DV_PORT: "0", MIDCHAIN_LOG_LEVEL: "silent", ...env },
  });
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => {
      resolve();
    });
  });
  const line = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
    });
    void exited.then(() => {
      reject(new Error("the signer ended before it was ready"));
    });
  });
  const { url } = JSON.parse(line) as { readonly url: string };
  return {
    url,
    port: Number(new URL(url).port),
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
