import { spawn, type ChildProcess } from "node:child_process";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { bullmqJobs } from "../../../relayer/adapters/bullmq/jobs.ts";
import { inProcessJobs } from "../../../relayer/adapters/inprocess/jobs.ts";
import { freePort } from "../../../scripts/local/ports.ts";
import { until } from "../../support/until.ts";
import { behavesAsJobs } from "./jobs.behavior.ts";

behavesAsJobs("in process", () => inProcessJobs(() => undefined));

const redisPath = process.env["MIDCHAIN_REDIS_SERVER"];
if (redisPath === undefined) {
  describe("Jobs on BullMQ", () => {
    it("did NOT run: no redis-server (./midchain test relayer brings one where apt can)", () => undefined);
  });
} else {
  describe("with a real Redis", () => {
    let server: ChildProcess;
    let port = 0;
    let opened = 0;
    before(async () => {
      port = await freePort();
      server = spawn(redisPath, ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"], {
        stdio: "ignore",
      });
      await until("Redis", () => answers(port), Boolean);
    });
    after(() => {
      server.kill("SIGKILL");
    });
    behavesAsJobs("BullMQ", () =>
      bullmqJobs({ redisUrl: `redis://127.0.0.1:${port}`, prefix: `{t${(opened += 1)}}`, onFault: () => undefined }),
    );
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}
