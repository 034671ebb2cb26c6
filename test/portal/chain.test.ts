import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { createPublicClient, createWalletClient, http } from "viem";
import { foundry } from "viem/chains";
import { platformTokenAbi } from "../../protocol/abi/PlatformToken.ts";
import { startPortal, type Portal } from "../support/portal/portal.ts";
import { connect, finish, testWallet, type TestWallet } from "../support/portal/wallet.ts";

const SECRET = "The result is negative. Nobody else may read this sentence.";

describe("a holder with an own chain", { timeout: 180_000 }, () => {
  let portal: Portal;
  const wallets: Record<string, TestWallet> = {};
  const pages: Record<string, Page> = {};
  let words = "";

  const page = (name: string): Page => pages[name]!;
  const addressOf = (name: string): string => wallets[name]!.account.address;
  const enter = async (name: string): Promise<Page> => {
    const wallet = testWallet(name, portal.stack.wallets[name]!, portal.stack.rpcUrl);
    wallets[name] = wallet;
    const fresh = await portal.open({ path: "/chain", prepare: (opened) => wallet.install(opened) });
    pages[name] = fresh;
    await connect(fresh, wallet);
    return fresh;
  };
  const enrol = async (name: string): Promise<string> => {
    const fresh = await enter(name);
    await fresh.getByRole("button", { name: "Open my chain" }).click();
    await fresh.getByRole("button", { name: "Enrol" }).click();
    const list = fresh.getByRole("list", { name: "Recovery words" });
    await list.waitFor();
    const shown = await list.getByRole("listitem").allInnerTexts();
    await fresh.getByRole("checkbox", { name: "I have written them down" }).check();
    await fresh.getByRole("button", { name: "Go to my chain" }).click();
    await fresh.getByRole("article", { name: "Block 0" }).waitFor();
    return shown.map((text) => text.replace(/^\d+\s*/, "").trim()).join(" ");
  };
  const coSign = async (name: string): Promise<void> => {
    await page(name).getByRole("button", { name: "Co-sign" }).click();
    await page(name).getByRole("dialog", { name: "Co-sign" }).getByText("Done and final.").waitFor();
    await page(name).getByRole("dialog").getByRole("button", { name: "Close" }).click();
  };
  /** What the settlement engine may move of the account's tokens. */
  const mayMove = async (name: string, amount: bigint): Promise<void> => {
    const { platformToken, settlementEngine } = portal.stack.contracts;
    const options = { chain: foundry, transport: http(portal.stack.rpcUrl), pollingInterval: 50 };
    const hash = await createWalletClient({ ...options, account: wallets[name]!.account }).writeContract({
      address: platformToken,
      abi: platformTokenAbi,
      functionName: "approve",
      args: [settlementEngine, amount],
    });
    await createPublicClient(options).waitForTransactionReceipt({ hash });
  };
  const form = () => page("ana").getByRole("form", { name: "New request" });

  before(async () => {
    portal = await startPortal("chain", ["ana", "bo", "cleo", "dora"]);
  });
  after(() => portal.stop());

  it("declines to sign in, is told so, and enrols then: keys from the wallet, recovery words once", async () => {
    await enter("bo");
    wallets["bo"]!.decline = 1;
    await page("bo").getByRole("button", { name: "Open my chain" }).click();
    await page("bo").getByRole("alert").getByText("You declined in your wallet.").waitFor();
    await page("bo").context().close();
    await enrol("bo");
    words = await enrol("ana");
    assert.equal(words.split(" ").length, 24);
  });

  it("is told that somebody who has not enrolled cannot be paid", async () => {
    await form().getByLabel("To", { exact: true }).fill(portal.stack.wallets["cleo"]!.address);
    await form().getByLabel("Amount").fill("5");
    await form().getByRole("button", { name: "Seal and sign" }).click();
    await form().getByText("That account has no chain yet.").waitFor();
  });

  it("allows what a payment needs and pays with a sealed message; the other reads it, co-signs; both see it completed", async () => {
    await mayMove("ana", 0n);
    await form().getByLabel("To", { exact: true }).fill(addressOf("bo"));
    await form().getByLabel("Amount").fill("125.5");
    await form().getByLabel("Message, if any").fill(SECRET);
    await form().getByLabel("Reference, if any").fill("INV-7");
    await form().getByRole("button", { name: "Seal and sign" }).click();
    const steps = page("ana").getByRole("dialog", { name: "Send a payment" });
    await steps.getByText("Let the settlement engine move 125.5 tokens", { exact: true }).waitFor();
    await finish(page("ana"), "Send a payment");
    assert.equal(wallets["ana"]!.sent.length, 1);
    const card = page("bo").getByRole("article", { name: "Payment that waits" });
    await card.getByText(SECRET).waitFor();
    await card.getByText("125.5 from 0x").waitFor();
    await coSign("bo");
    for (const name of ["ana", "bo"]) {
      await page(name).getByRole("article", { name: "Block 2" }).getByText("Completed.").waitFor();
      await page(name).getByRole("article", { name: "Block 1", exact: true }).getByText(SECRET).waitFor();
    }
  });

  it("checks the proof of the completed payment, signatures, path and chain", async () => {
    const block = page("bo").getByRole("article", { name: "Block 2" });
    await block.getByRole("button", { name: "Check its proof" }).click();
    await block.getByText("The proof holds").waitFor();
    await block.getByText(/the chain settled the deal: every leg of it/).waitFor();
    await block.getByText(/holds exactly this batch and outcome/).waitFor();
    await block.getByRole("button", { name: "Save the proof file" }).waitFor();
  });

  it("shows what the relayer and the public have of it: no content, and for the public no account", async () => {
    const block = page("ana").getByRole("article", { name: "Block 1", exact: true });
    await page("ana").getByText("As the relayer").click();
    await block.getByText(/sealed bytes \(padded\)/).waitFor();
    await block.getByText("125.5 from").waitFor();
    assert.equal(await block.getByText(SECRET).count(), 0);
    await page("ana").getByText("As the public").click();
    await block.getByText("Coded identifiers").waitFor();
    const shown = (await block.innerText()).toLowerCase();
    for (const name of ["ana", "bo"]) assert.equal(shown.includes(addressOf(name).slice(2, 10).toLowerCase()), false);
    assert.equal(shown.includes("inv-7"), false);
    await page("ana")
      .getByRole("article", { name: "Block 0" })
      .getByText("Nothing. This block leaves no trace")
      .waitFor();
    await page("ana").getByText("As me").click();
  });

  it("makes an agreement of three, which completes when the last one has signed", async () => {
    await enrol("cleo");
    await form().getByText("Several parties").click();
    await form()
      .getByLabel("Other parties")
      .fill(`${addressOf("bo")} ${addressOf("cleo")}`);
    await form().getByLabel("Text", { exact: true }).fill("Three of us agree.");
    await form().getByRole("button", { name: "Seal and sign" }).click();
    await finish(page("ana"), "Send a request");
    await coSign("bo");
    await page("cleo").getByRole("article", { name: "Agreement that waits" }).getByText("Three of us agree.").waitFor();
    await coSign("cleo");
    await page("ana").getByRole("article", { name: "Block 4" }).getByText("Completed.").waitFor();
    await page("cleo").getByRole("article", { name: "Block 2" }).getByText("Completed.").waitFor();
  });

  it("lets somebody read, until the access is ended", async () => {
    const grant = page("ana").getByRole("form", { name: "Let somebody read" });
    await grant.getByLabel("What").selectOption({ label: "Block 1: Payment INV-7" });
    await grant.getByLabel("Reader").fill(addressOf("cleo"));
    await grant.getByLabel("Purpose").selectOption("audit");
    await grant.getByRole("button", { name: "Let them read" }).click();
    await finish(page("ana"), "Let somebody read");
    await page("cleo").getByText("Read what somebody shares with you").click();
    const shared = page("cleo").getByRole("form", { name: "Read what is shared" });
    await shared.getByLabel("Owner").fill(addressOf("ana"));
    await shared.getByRole("button", { name: "Read", exact: true }).click();
    await shared.getByText(SECRET).waitFor();
    await page("ana").getByRole("list", { name: "Readers" }).getByRole("button", { name: "End" }).click();
    await finish(page("ana"), "End the access");
    await shared.getByRole("button", { name: "Read", exact: true }).click();
    await shared.getByText("Nothing is shared with you by this account, or no longer.").waitFor();
  });

  it("opens the chain again after a reload, with the wallet's signature alone", async () => {
    await page("ana").reload();
    await page("ana").getByRole("button", { name: "Open my chain" }).click();
    await page("ana").getByRole("article", { name: "Block 1", exact: true }).getByText(SECRET).waitFor();
  });

  it("opens it with the recovery words where the wallet cannot make the keys", async () => {
    await page("ana").reload();
    await page("ana").getByRole("button", { name: "Use recovery words" }).click();
    const recovery = page("ana").getByRole("form", { name: "Open with recovery words" });
    await recovery.getByLabel("Recovery words").fill(words.split(" ").toReversed().join(" "));
    await recovery.getByRole("button", { name: "Open" }).click();
    await recovery.getByRole("alert").waitFor();
    await recovery.getByLabel("Recovery words").fill(words);
    await recovery.getByRole("button", { name: "Open" }).click();
    await page("ana").getByRole("article", { name: "Block 1", exact: true }).getByText(SECRET).waitFor();
  });

  it("makes new keys and new words: what was sealed before is read on, the words of before open nothing", async () => {
    const ways = page("ana").getByRole("list", { name: "Ways to your chain" });
    await ways.getByText("Recovery words").waitFor();
    assert.equal(await page("ana").getByRole("button", { name: "Add a passkey" }).count(), 0, "an address has none");
    await page("ana").getByRole("button", { name: "New keys" }).click();
    await finish(page("ana"), "Make new keys");
    await page("ana").getByText("You have new keys, number 2.").waitFor();
    await page("ana").getByRole("button", { name: "New recovery words" }).click();
    await page("ana").getByRole("list", { name: "Recovery words" }).waitFor();
    await finish(page("ana"), "Make new recovery words");
    await page("ana").getByRole("checkbox", { name: "I have written them down" }).check();
    await page("ana").getByRole("button", { name: "Go to my chain" }).click();
    await page("ana").getByRole("article", { name: "Block 1", exact: true }).getByText(SECRET).waitFor();
    await page("ana").reload();
    await page("ana").getByRole("button", { name: "Use recovery words" }).click();
    const recovery = page("ana").getByRole("form", { name: "Open with recovery words" });
    await recovery.getByLabel("Recovery words").fill(words);
    await recovery.getByRole("button", { name: "Open" }).click();
    await recovery.getByRole("alert").getByText("The recovery words do not open this vault").waitFor();
  });

  it("adds a passkey where the page has a name, opens the chain with it, and takes it away again", async () => {
    const wallet = testWallet("dora", portal.stack.wallets["dora"]!, portal.stack.rpcUrl);
    const prepare = async (opened: Page): Promise<void> => {
      await wallet.install(opened);
      const devtools = await opened.context().newCDPSession(opened);
      await devtools.send("WebAuthn.enable");
      const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true };
      await devtools.send("WebAuthn.addVirtualAuthenticator", {
        options: { ...options, hasPrf: true, isUserVerified: true, automaticPresenceSimulation: true } as never,
      });
    };
    const dora = await portal.open({ path: "/chain", byName: true, prepare });
    await connect(dora, wallet);
    await dora.getByRole("button", { name: "Open my chain" }).click();
    await dora.getByRole("button", { name: "Enrol" }).click();
    await dora.getByRole("checkbox", { name: "I have written them down" }).check();
    await dora.getByRole("button", { name: "Go to my chain" }).click();
    await dora.getByRole("button", { name: "Add a passkey" }).click();
    await finish(dora, "Add a passkey");
    const ways = dora.getByRole("list", { name: "Ways to your chain" });
    await ways.getByText("Passkey").waitFor();
    const asked = wallet.asked.filter((method) => method === "eth_signTypedData_v4").length;
    await dora.reload();
    await dora.getByRole("button", { name: "Use a passkey" }).click();
    await dora.getByRole("article", { name: "Block 0" }).waitFor();
    assert.equal(wallet.asked.filter((method) => method === "eth_signTypedData_v4").length, asked);
    await ways.getByRole("listitem").filter({ hasText: "Passkey" }).getByRole("button", { name: "Remove" }).click();
    await finish(dora, "Take a way in away");
    await ways.getByText("Passkey").waitFor({ state: "detached" });
  });

  it("erases everything after two decisions and a signature, and may begin another chain", async () => {
    const bo = await enter("bo");
    await bo.getByRole("button", { name: "Open my chain" }).click();
    await bo.getByRole("article", { name: "Block 1", exact: true }).waitFor();
    const erase = bo.getByRole("button", { name: "Erase everything" });
    assert.equal(await erase.isDisabled(), true);
    await bo.getByRole("checkbox", { name: "Nothing brings it back" }).check();
    await erase.click();
    await finish(bo, "Erase everything");
    await bo.getByRole("button", { name: "Enrol" }).click();
    await bo.getByRole("checkbox", { name: "I have written them down" }).check();
    await bo.getByRole("button", { name: "Go to my chain" }).click();
    await bo.getByRole("article", { name: "Block 0" }).waitFor();
    assert.equal(await bo.getByRole("article", { name: "Block 1", exact: true }).count(), 0);
  });

  it("has not left the relayer and the chain", () => {
    assert.deepEqual(portal.strays, []);
    assert.deepEqual(portal.complaints, []);
  });
});
