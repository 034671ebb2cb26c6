import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { runSample, SAMPLE_NAMES, type Sample } from "../../scripts/local/scenario.ts";
import { EXPLORER, startPortal, type Portal } from "../support/portal/portal.ts";
import { addresses } from "../support/portal/wallet.ts";

describe("a newcomer without a wallet", { timeout: 120_000 }, () => {
  let portal: Portal;
  let page: Page;
  let sample: Sample;

  before(async () => {
    portal = await startPortal("newcomer", SAMPLE_NAMES);
  });
  after(() => portal.stop());

  it("finds an empty network told as such, and nobody connected", async () => {
    page = await portal.open();
    await page.getByText("No transaction yet").waitFor();
    await page.getByRole("button", { name: "Connect wallet" }).waitFor();
  });

  it("watches the sample run to its end without touching the page", async () => {
    sample = await runSample(portal.stack, () => undefined);
    const lane = (name: string) => page.getByRole("region", { name, exact: true });
    await lane("Completed").getByRole("button", { name: "Show all 51" }).waitFor();
    await lane("Failed")
      .getByRole("button", { name: /failed: ERC20InsufficientBalance/ })
      .waitFor();
    assert.equal(await lane("Pending").getByRole("listitem").count(), 0);
  });

  it("verifies a transaction against the chain, in the browser", async () => {
    const completed = page.getByRole("region", { name: "Completed", exact: true });
    await completed
      .getByRole("button", { name: /Agreement.*completed/ })
      .first()
      .click();
    const dialog = page.getByRole("dialog", { name: "Transaction" });
    await dialog.getByText("Completed on every party's chain, with a proof").waitFor();
    await dialog.getByRole("button", { name: "Verify in this browser" }).click();
    await dialog.getByText("Verified against the chain").waitFor();
    assert.equal(await dialog.getByRole("img", { name: "holds" }).count(), 2);
  });

  it("can follow it to the explorer", async () => {
    const id = new URL(page.url()).searchParams.get("tx") ?? "";
    const answer = await fetch(`${portal.stack.url}/v1/transactions/${id}`);
    const { chain } = (await answer.json()) as { readonly chain: { readonly txHash: string } };
    const dialog = page.getByRole("dialog", { name: "Transaction" });
    assert.deepEqual(await addresses(dialog, /^0x/), [`${EXPLORER}/tx/${chain.txHash}`]);
  });

  it("finds out a relayer that shows another path", async () => {
    await page.route("**/inclusion", async (route) => {
      const answer = await route.fetch();
      const inclusion = (await answer.json()) as { readonly commitment: string };
      await route.fulfill({ json: { ...inclusion, commitment: `0x${"11".repeat(32)}` } });
    });
    await page.reload();
    const dialog = page.getByRole("dialog", { name: "Transaction" });
    await dialog.getByRole("button", { name: "Verify in this browser" }).click();
    await dialog.getByText("It does not verify").waitFor();
    await page.unroute("**/inclusion");
    await dialog.getByRole("button", { name: "Close" }).click();
  });

  it("checks a proof file that a party gave away", async () => {
    const paid = sample.transactions.find(({ name }) => name === "lab result, paid");
    const proof = paid?.proofs["completed"] ?? "";
    await page.getByRole("region", { name: "Failed", exact: true }).getByRole("button").click();
    const dialog = page.getByRole("dialog", { name: "Transaction" });
    await dialog.getByText("Check a party's proof file").click();
    const bring = (text: string) =>
      dialog
        .getByLabel("Proof file")
        .setInputFiles({ name: "proof.json", mimeType: "application/json", buffer: Buffer.from(text) });
    await bring(proof);
    await dialog.getByText("The proof holds, on chain too").waitFor();
    await bring(proof.replace(/"issuedAt": "2/, '"issuedAt": "1'));
    await dialog.getByText("The proof is broken").waitFor();
    await page.route(`${portal.stack.rpcUrl}/**`, (route) => route.abort());
    await bring(proof);
    await dialog.getByRole("alert").getByText("The chain's endpoint does not answer.").waitFor();
    await page.unroute(`${portal.stack.rpcUrl}/**`);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  });

  it("sees what each batch has cost, and every partition with its executor", async () => {
    await page.getByRole("img", { name: /Gas each against batch size/ }).waitFor();
    await page.getByText("executes 16 of 16").waitFor();
    await page.getByText("Nothing is stuck.").waitFor();
  });

  it("is offered no demo wallet and no demo people on any chain but the local one", async () => {
    const elsewhere = await portal.open({
      prepare: async (fresh) => {
        await fresh.route("**/v1/network", async (route) => {
          const network = (await (await route.fetch()).json()) as object;
          await route.fulfill({ json: { ...network, chainId: 11_155_111 } });
        });
      },
    });
    await elsewhere.getByRole("banner").getByRole("button", { name: "Connect wallet" }).click();
    await elsewhere.getByRole("dialog").getByText("No wallet was found.").waitFor();
    assert.equal(await elsewhere.getByText("Demo wallet").count(), 0);
    await elsewhere.context().close();
  });

  it("has not been sent anywhere else, and the page's own policy was kept", () => {
    assert.deepEqual(portal.strays, []);
    assert.deepEqual(portal.complaints, []);
  });
});
