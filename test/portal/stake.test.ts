import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { createPublicClient, createTestClient, createWalletClient, http, parseEther } from "viem";
import { foundry } from "viem/chains";
import { platformTokenAbi } from "../../protocol/abi/PlatformToken.ts";
import { EXPLORER, startPortal, type Portal } from "../support/portal/portal.ts";
import { addresses, connect, finish, testWallet, type TestWallet } from "../support/portal/wallet.ts";

const UNBOND_S = 600;

describe("a holder who stakes", { timeout: 180_000 }, () => {
  let portal: Portal;
  let wallet: TestWallet;
  let page: Page;

  before(async () => {
    portal = await startPortal("stake", ["holder"]);
    wallet = testWallet("Pocket", portal.stack.wallets["holder"]!, portal.stack.rpcUrl);
    page = await portal.open({ path: "/stake", prepare: (fresh) => wallet.install(fresh) });
  });
  after(() => portal.stop());

  const figure = (label: string) => page.getByRole("region", { name: "Your stake" }).getByText(label).locator("..");
  const stakeForm = () => page.getByRole("form", { name: "Stake tokens", exact: true });

  it("is told of a wallet on another chain, and switches it", async () => {
    wallet.chainId = 1;
    await connect(page, wallet);
    await page.getByRole("alert").getByText("Your wallet is on chain 1").waitFor();
    await page.getByRole("button", { name: "Switch network" }).click();
    await page.getByText("Your wallet is on chain 1").waitFor({ state: "detached" });
  });

  it("sees the balance, the rules and the seated nodes", async () => {
    await figure("on your account").getByText("10,000").waitFor();
    await page.getByText("3 % of the supply a year").waitFor();
    const seated = page.getByRole("row").filter({ hasText: "seated" });
    await seated.first().waitFor();
    assert.equal(await seated.count(), 4);
  });

  it("declines the permit, is told that nothing was sent, and tries again", async () => {
    wallet.decline = 1;
    await stakeForm().getByLabel("Amount to stake").fill("6000");
    await stakeForm().getByRole("button", { name: "Stake", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "Stake 6,000 tokens" });
    await dialog.getByText("You declined in your wallet.").waitFor();
    await dialog.getByRole("button", { name: "Try again" }).click();
    await dialog.getByText("Done and final.").waitFor();
    assert.deepEqual(await addresses(dialog, /^0x/), [`${EXPLORER}/tx/${wallet.sent[0]!}`]);
    await finish(page, "Stake 6,000 tokens");
    await figure("staked").getByText("6,000", { exact: true }).waitFor();
    assert.equal(wallet.asked.filter((method) => method === "eth_sendTransaction").length, 1);
  });

  it("is told why a transaction was undone on chain, and stakes less instead", async () => {
    const spend = createWalletClient({
      account: wallet.account,
      chain: foundry,
      transport: http(portal.stack.rpcUrl),
    });
    wallet.beforeSending = async () => {
      await spend.writeContract({
        address: portal.stack.token,
        abi: platformTokenAbi,
        functionName: "transfer",
        args: [portal.stack.ledger, parseEther("2500")],
      });
    };
    await stakeForm().getByLabel("Amount to stake").fill("4000");
    await stakeForm().getByRole("button", { name: "Stake", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "Stake 4,000 tokens" });
    await dialog.getByText("The account holds 1,500 tokens, and 4,000 are needed.").waitFor();
    await dialog.getByRole("button", { name: "Close" }).click();
    await stakeForm().getByLabel("Amount to stake").fill("1000");
    await stakeForm().getByRole("button", { name: "Stake", exact: true }).click();
    await finish(page, "Stake 1,000 tokens");
    await figure("staked").getByText("7,000", { exact: true }).waitFor();
  });

  it("can follow its own account and every node to the explorer", async () => {
    const nodes = await addresses(page.getByRole("region", { name: "DV nodes" }), /^0x/);
    assert.equal(nodes.length, 4);
    for (const node of nodes) assert.match(node ?? "", new RegExp(`^${EXPLORER}/address/0x[0-9a-fA-F]{40}$`));
    await page.getByRole("banner").getByRole("button", { name: /^0x/ }).click();
    const dialog = page.getByRole("dialog", { name: "Your wallet" });
    assert.deepEqual(await addresses(dialog, /^0x/), [`${EXPLORER}/address/${wallet.account.address}`]);
    await dialog.getByRole("button", { name: "Close" }).click();
  });

  it("delegates to itself, because stake alone does not vote", async () => {
    await page.getByRole("button", { name: "Delegate to yourself" }).click();
    await finish(page, "Delegate your votes");
    await page.getByText("Your stake votes for you: 7,000 votes.").waitFor();
  });

  it("claims rewards; the window takes up where it was after a reload", async () => {
    const chain = createTestClient({ chain: foundry, mode: "anvil", transport: http(portal.stack.rpcUrl) });
    await page.getByRole("button", { name: "Claim rewards" }).click();
    const dialog = page.getByRole("dialog", { name: "Claim rewards" });
    await dialog.getByText("Done and final.").or(dialog.getByText("In a block. Waiting")).first().waitFor();
    await finish(page, "Claim rewards");

    // What was claimed is gone; there is something to claim again once a later block has been seen.
    await page.locator("button:enabled", { hasText: "Claim rewards" }).waitFor();
    // No block is mined for a while, so that the page is loaded again while the transaction waits.
    await chain.setIntervalMining({ interval: 0 });
    await chain.setAutomine(false);
    await page.getByRole("button", { name: "Claim rewards" }).click();
    await page.getByText("Sent. Waiting for a block").waitFor();
    await page.reload();
    await page.getByRole("dialog", { name: "Claim rewards" }).getByText("Sent. Waiting for a block").waitFor();
    await chain.setIntervalMining({ interval: 1 });
    await finish(page, "Claim rewards");
  });

  it("unstakes: sees the time run, cannot withdraw before, and withdraws after", async () => {
    const chain = createTestClient({ chain: foundry, mode: "anvil", transport: http(portal.stack.rpcUrl) });
    const form = page.getByRole("form", { name: "Unstake tokens" });
    await form.getByLabel("Amount to unstake").fill("7000");
    await form.getByRole("button", { name: "Unstake", exact: true }).click();
    await finish(page, "Unstake 7,000 tokens");
    await page.getByText("7,000 tokens are leaving").waitFor();
    const withdraw = page.getByRole("button", { name: "Withdraw" });
    assert.equal(await withdraw.isDisabled(), true);
    await chain.increaseTime({ seconds: UNBOND_S });
    await chain.mine({ blocks: 1 });
    await page.getByText("They can be withdrawn now.").waitFor();
    await withdraw.click();
    await finish(page, "Withdraw");
    await figure("leaving").getByText("0", { exact: true }).waitFor();
  });

  it("was given more gas for every call than an estimate of the second before would have had", async () => {
    const chain = createPublicClient({ chain: foundry, transport: http(portal.stack.rpcUrl) });
    assert.equal(wallet.sent.length >= 7, true);
    for (const hash of wallet.sent) {
      const [{ gas }, { gasUsed }] = await Promise.all([
        chain.getTransaction({ hash }),
        chain.getTransactionReceipt({ hash }),
      ]);
      // An estimate may exceed what is used in the end by a fifth at most, which is paid back for what was cleared.
      assert.equal(gas >= (gasUsed * 13n) / 10n + 60_000n, true, `${gas} for ${gasUsed}`);
    }
  });

  it("has not left the relayer and the chain", () => {
    assert.deepEqual(portal.strays, []);
    assert.deepEqual(portal.complaints, []);
  });
});
