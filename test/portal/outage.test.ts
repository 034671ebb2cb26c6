import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { runSample, SAMPLE_NAMES } from "../../scripts/local/scenario.ts";
import { startRelayer, type RelayerProcess } from "../../scripts/local/stack.ts";
import { startPortal, type Portal } from "../support/portal/portal.ts";

describe("the portal while its relayer is away", { timeout: 120_000 }, () => {
  let portal: Portal;
  let page: Page;
  let again: RelayerProcess | undefined;

  before(async () => {
    portal = await startPortal("outage", SAMPLE_NAMES);
    await runSample(portal.stack, () => undefined);
    page = await portal.open();
    await page.waitForResponse(/\/assets\/ChainPage-/);
    await page.getByRole("button", { name: "Show all 51" }).waitFor();
  });
  after(async () => {
    await again?.stop();
    await portal.stop();
  });

  const banner = () => page.getByRole("banner").getByText("The relayer does not answer.");

  it("says so, and from when what it shows is", async () => {
    await portal.stack.relayer.stop();
    await banner().waitFor();
    await page.getByText(/What you see is from \d/).waitFor();
    await page.getByRole("button", { name: "Show all 51" }).waitFor();
  });

  it("says what cannot be done meanwhile", async () => {
    await page.getByRole("link", { name: "My chain" }).click();
    await page.getByRole("banner").getByRole("button", { name: "Connect wallet" }).click();
    await page.getByRole("button", { name: /Demo wallet/ }).click();
    await page.getByRole("button", { name: "Open my chain" }).click();
    await page.getByRole("alert").getByText("The relayer does not answer.").waitFor();
  });

  it("recovers by itself when it is back, with nothing lost and the rest of the page working", async () => {
    const { port } = new URL(portal.stack.url);
    again = await startRelayer({ ...portal.stack.relayerEnv, MIDCHAIN_PORT: port });
    await banner().waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Open my chain" }).click();
    await page.getByText("This account has no chain yet").waitFor();
    await page.getByRole("link", { name: "Live" }).click();
    await page.getByRole("button", { name: "Show all 51" }).waitFor();
    assert.equal(await page.getByRole("region", { name: "Failed", exact: true }).getByRole("listitem").count(), 1);
  });

  it("waits for the relayer when the page is opened without one", async () => {
    await page.route("**/v1/network", (route) => route.abort());
    await page.reload();
    await page.getByRole("alert").getByText("The relayer does not answer.").waitFor();
    await page.unroute("**/v1/network");
    await page.getByRole("heading", { name: "Live" }).waitFor();
  });
});
