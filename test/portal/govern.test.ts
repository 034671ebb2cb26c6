import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { createPublicClient, createTestClient, createWalletClient, http, parseEther, type Address } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { foundry } from "viem/chains";
import { DEMO_PEOPLE } from "../../portal/wallet/demoPeople.ts";
import { dvStakingAbi } from "../../protocol/abi/DVStaking.ts";
import { platformTokenAbi } from "../../protocol/abi/PlatformToken.ts";
import { startPortal, type Portal } from "../support/portal/portal.ts";
import { connect, finish, testWallet, type TestWallet } from "../support/portal/wallet.ts";

const [ana, bo, cleo] = DEMO_PEOPLE.map(({ key }) => privateKeyToAccount(key));
const PROPOSAL = "Yearly inflation: 2.5 %";

describe("holders who govern", { timeout: 180_000 }, () => {
  let portal: Portal;
  const wallets: TestWallet[] = [];
  const pages: Page[] = [];

  const options = () => ({ chain: foundry, transport: http(portal.stack.rpcUrl), pollingInterval: 50 });
  const chain = () => createTestClient({ ...options(), mode: "anvil" });
  const pass = async (seconds: number): Promise<void> => {
    await chain().increaseTime({ seconds });
    await chain().mine({ blocks: 1 });
  };
  const stake = async (account: typeof ana, tokens: string, delegatee: Address | undefined): Promise<void> => {
    const { dvStaking, platformToken } = portal.stack.contracts;
    const wallet = createWalletClient({ ...options(), account: account! });
    const amount = parseEther(tokens);
    const staking = { address: dvStaking, abi: dvStakingAbi, gas: 2_000_000n } as const;
    await wallet.writeContract({
      address: platformToken,
      abi: platformTokenAbi,
      functionName: "approve",
      args: [dvStaking, amount],
    });
    const hash =
      delegatee === undefined
        ? await wallet.writeContract({ ...staking, functionName: "stake", args: [amount] })
        : await wallet.writeContract({ ...staking, functionName: "stakeAndDelegate", args: [amount, delegatee] });
    const { status } = await createPublicClient(options()).waitForTransactionReceipt({ hash });
    assert.equal(status, "success");
  };
  const enter = async (name: string, account: typeof ana): Promise<void> => {
    const wallet = testWallet(name, account!, portal.stack.rpcUrl);
    const page = await portal.open({ path: "/govern", prepare: (fresh) => wallet.install(fresh) });
    await connect(page, wallet);
    wallets.push(wallet);
    pages.push(page);
  };
  const page = (index: number): Page => pages[index]!;
  const proposal = (index: number, name = PROPOSAL) => page(index).getByRole("article", { name });
  const form = (index: number) => page(index).getByRole("form", { name: "Propose a rule" });

  before(async () => {
    portal = await startPortal("govern");
    await stake(ana, "100000", undefined);
    await stake(bo, "60000", bo!.address);
    await enter("ana", ana);
    await enter("bo", bo);
    await enter("cleo", cleo);
  });
  after(() => portal.stop());

  it("is told that a stake without a delegate has no votes, and delegates", async () => {
    await page(0).getByText("Your stake votes for nobody until you delegate it").waitFor();
    await page(0).getByText("Proposing takes 1,000 votes; you have 0.").waitFor();
    await page(0).getByRole("button", { name: "Delegate to yourself" }).click();
    await finish(page(0), "Delegate your votes");
    await page(0).getByText("Your stake votes for you.").waitFor();
  });

  it("proposes a rule from a form: words, call and deposit first, then permission and proposal", async () => {
    await form(0).getByLabel("Rule").selectOption("Yearly inflation");
    await form(0).getByLabel("New value").fill("12");
    await form(0).getByText("This is above what the contract allows.").waitFor();
    await form(0).getByLabel("New value").fill("2.5");
    await form(0).getByText("Set “Yearly inflation” to 2.5 %").waitFor();
    await form(0).getByText("PlatformToken.setInflation(250)").waitFor();
    await form(0).getByText("A deposit of 100 tokens comes back if the vote succeeds").waitFor();
    await form(0).getByLabel("Why").fill("Less is enough.");
    await form(0).getByRole("button", { name: "Propose" }).click();
    await finish(page(0), "Propose");
    await proposal(0).getByText("active").waitFor();
    await proposal(0).getByText("Less is enough.").waitFor();
    await proposal(0).getByText("100 tokens, held").waitFor();
  });

  it("declines a vote, then votes with a reason, and sees what is missing to the quorum", async () => {
    wallets[0]!.decline = 1;
    const vote = proposal(0).getByRole("form", { name: "Vote" });
    await vote.getByText("You vote with 100,000").waitFor();
    await vote.getByLabel("Reason, if you like").fill("As proposed.");
    await vote.getByRole("button", { name: "Vote", exact: true }).click();
    const dialog = page(0).getByRole("dialog", { name: "Vote" });
    await dialog.getByText("You declined in your wallet.").waitFor();
    await dialog.getByRole("button", { name: "Try again" }).click();
    await finish(page(0), "Vote");
    await proposal(0).getByText("You have voted.").waitFor();
    await proposal(0).getByText("For 100,000").waitFor();
    await proposal(0).getByText("The quorum of 56,000 is reached.").waitFor();
  });

  it("votes by a signature that somebody else sends", async () => {
    const vote = proposal(1).getByRole("form", { name: "Vote" });
    await vote.getByText("Against", { exact: true }).click();
    await vote.getByRole("button", { name: "Sign without gas" }).click();
    await finish(page(1), "Sign a vote");
    const signed = await vote.getByLabel("Signed vote").innerText();
    assert.equal(wallets[1]!.asked.includes("eth_sendTransaction"), false);
    await page(0).getByText("Send a vote that somebody has signed").click();
    const send = page(0).getByRole("form", { name: "Send a signed vote" });
    await send.getByLabel("Signed vote").fill(signed.replace('"support":0', '"support":1'));
    await send.getByRole("button", { name: "Send it" }).click();
    const dialog = page(0).getByRole("dialog", { name: "Send a signed vote" });
    await dialog.getByText("The signed vote does not fit this proposal or has been used.").waitFor();
    await dialog.getByRole("button", { name: "Close" }).click();
    await send.getByLabel("Signed vote").fill(signed);
    await send.getByRole("button", { name: "Send it" }).click();
    await finish(page(0), "Send a signed vote");
    await proposal(1).getByText("Against 60,000").waitFor();
    await proposal(1).getByText("You have voted.").waitFor();
  });

  it("is told why votes that came after the snapshot do not count", async () => {
    await stake(cleo, "5000", cleo!.address);
    // What is read anew is read together: nothing on the page is from before the stake.
    await page(2).reload();
    const vote = proposal(2).getByRole("form", { name: "Vote" });
    await vote
      .getByText(/You vote with 0: .*You have 5,000 now; what was staked, unstaked or delegated since/)
      .waitFor();
    assert.equal(await vote.getByRole("button", { name: "Vote", exact: true }).isDisabled(), true);
  });

  it("queues when the vote is over, executes after the delay, and gets the deposit back", async () => {
    await pass(180);
    await proposal(0).getByRole("button", { name: "Queue" }).click();
    await finish(page(0), "Queue");
    await proposal(0).getByRole("button", { name: "Execute when the timelock is over" }).waitFor();
    await pass(90);
    await proposal(0).getByRole("button", { name: "Execute", exact: true }).click();
    await finish(page(0), "Execute");
    await proposal(0).getByText("executed", { exact: true }).waitFor();
    await proposal(0).getByRole("button", { name: "Settle the deposit" }).click();
    await finish(page(0), "Settle the deposit");
    await proposal(0).getByText("paid out, or none was needed").waitFor();
    await page(0).getByRole("link", { name: "Stake" }).click();
    await page(0).getByText("2.5 % of the supply a year").waitFor();
  });

  it("proposes in one transaction where the wallet takes several calls as one", async () => {
    wallets[1]!.batches = true;
    await form(1).getByLabel("Rule").selectOption("Stakers' share of fees");
    await form(1).getByLabel("New value").fill("25");
    await form(1).getByRole("button", { name: "Propose" }).click();
    await page(1).getByText("Let the governor take the deposit of 100 tokens, and propose", { exact: true }).waitFor();
    await finish(page(1), "Propose");
    await proposal(1, "Stakers' share of fees: 25 %").waitFor();
    assert.equal(wallets[1]!.asked.includes("wallet_sendCalls"), true);
    assert.equal(wallets[1]!.asked.includes("eth_sendTransaction"), false);
  });

  it("has not left the relayer and the chain", () => {
    assert.deepEqual(portal.strays, []);
    assert.deepEqual(portal.complaints, []);
  });
});
