import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { after, before, describe, it } from "node:test";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { toHex, type Hex } from "../../protocol/bytes.ts";
import {
  decodeGuardianRequest,
  encodeGuardianRequest,
  guardianRequestTypedData,
} from "../../protocol/guardianRequest.ts";
import { createClient, MidchainError, type Client, type Passkeys } from "../../sdk/index.ts";
import { bytesOf } from "../support/actors.ts";
import { relayerEnv, startTestChain, type TestChain } from "../support/chain.ts";
import type { RelayerProcess } from "../../scripts/local/stack.ts";
import { startRelayer } from "../support/relayer/relayerProcess.ts";

const origin = "https://portal.example";
const wallet = () => privateKeyToAccount(generatePrivateKey());
type Wallet = ReturnType<typeof wallet>;

/** Passkeys as an authenticator with the PRF extension holds them: one secret each, another answer for each input. */
function passkeyDevice(): Passkeys {
  const held = new Map<Hex, Buffer>();
  const secretOf = (id: Hex, input: Uint8Array): Uint8Array =>
    new Uint8Array(createHash("sha256").update(held.get(id)!).update(input).digest());
  return {
    async create({ prfInput }) {
      const credentialId = crypto.getRandomValues(new Uint8Array(20));
      held.set(toHex(credentialId), Buffer.from(crypto.getRandomValues(new Uint8Array(32))));
      return Promise.resolve({ credentialId, secret: secretOf(toHex(credentialId), prfInput) });
    },
    async read({ prfInput, credentialIds }) {
      const credentialId = credentialIds.find((id) => held.has(toHex(id)))!;
      return Promise.resolve({ credentialId, secret: secretOf(toHex(credentialId), prfInput) });
    },
  };
}

describe("key slots and rotation", () => {
  const [alice, bob, ...helpers] = Array.from({ length: 5 }, wallet) as [Wallet, Wallet, ...Wallet[]];
  let chain: TestChain;
  let dataDir: string;
  let relayer: RelayerProcess;
  let words: string;
  const clientOf = (of: Pick<Wallet, "address" | "signMessage" | "signTypedData">, fetch?: typeof globalThis.fetch) =>
    createClient({ url: relayer.url, wallet: of, origin, ...(fetch === undefined ? {} : { fetch }) });
  const device = passkeyDevice();
  let clients: Client[];
  const a = (): Client => clients[0]!;
  const b = (): Client => clients[1]!;
  const rejects = (work: Promise<unknown>, code: string) =>
    assert.rejects(work, (error) => error instanceof MidchainError && error.code === code);

  /** Bob seals something for Alice; its id. */
  async function letter(text: string): Promise<Hex> {
    const draft = await b().draft({
      kind: "data",
      parties: [
        { account: bob.address, role: "issuer", content: 0 },
        { account: alice.address, role: "subject", content: 0 },
      ],
      contents: [{ bytes: new TextEncoder().encode(text), category: "medical" }],
    });
    const { id } = await b().submit(draft, [await b().sign(draft), await a().sign(draft)]);
    return id;
  }
  async function read(client: Client, id: Hex): Promise<string> {
    const block = (await client.myChain()).blocks.find(({ txId, kind }) => txId === id && kind === "pending")!;
    const opened = await client.open(block);
    return opened.kind === "pending" ? new TextDecoder().decode(opened.content) : "";
  }

  before(async () => {
    chain = await startTestChain([alice, bob]);
    dataDir = mkdtempSync(join(tmpdir(), "midchain-slots-"));
    relayer = await startRelayer({
      ...relayerEnv(chain, { dataDir, rpcUrls: chain.rpcUrl }),
      MIDCHAIN_ORIGINS: origin,
    });
    clients = [alice, bob, ...helpers].map((each) => clientOf(each));
    const enrolled = await Promise.all(clients.map((client) => client.enrol()));
    words = enrolled[0]!.recoveryWords;
  });
  after(async () => {
    await relayer.stop();
    await chain.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it("begin with the wallet and the recovery words, and take a passkey that opens the vault alone", async () => {
    const id = await letter("for every way in");
    const added = await a().addPasskey("Alice", device);
    const { epoch, wallet: byWallet, slots } = await a().keySlots();
    assert.deepEqual([epoch, byWallet, slots.map(({ kind }) => kind)], [0, true, ["recoveryCode", "passkey"]]);
    assert.equal(slots[1]!.slotId, added.slotId);
    const fresh = clientOf(alice);
    await fresh.unlockWithPasskey(device);
    assert.equal(await read(fresh, id), "for every way in");
    await rejects(clientOf(bob).unlockWithPasskey(device), "NO_SUCH_SLOT");
  });

  it("rotate to keys that contacts see, and everything sealed before stays readable by every way in", async () => {
    const old = await letter("before");
    const before = await b().keysOf(alice.address);
    await a().rotate();
    const after = await b().keysOf(alice.address);
    assert.deepEqual([before.epoch, after.epoch], [0, 1]);
    assert.notDeepEqual(after.publicKey, before.publicKey);
    const late = await letter("after");
    const ways: readonly ((client: Client) => Promise<void>)[] = [
      (client) => client.unlock(),
      (client) => client.unlockWithRecovery(words),
      (client) => client.unlockWithPasskey(device),
    ];
    for (const way of ways) {
      const fresh = clientOf(alice);
      await way(fresh);
      assert.deepEqual([await read(fresh, old), await read(fresh, late)], ["before", "after"]);
    }
    const last = (await a().myChain()).blocks.findLast(({ kind }) => kind === "keys")!;
    const opened = await a().open(last);
    assert.deepEqual(opened.kind === "keys" && opened.binding?.publicKey, after.publicKey);
  });

  it("take a slot away with new keys, so that what it opened opens nothing new", async () => {
    const kept = clientOf(alice);
    await kept.unlock();
    const passkey = (await a().keySlots()).slots.find(({ kind }) => kind === "passkey")!;
    await a().removeSlot(passkey.slotId);
    const late = await letter("not for the passkey");
    await rejects(clientOf(alice).unlockWithPasskey(device), "NO_SUCH_SLOT");
    // A device that still holds what the slot opened: old content yes, new content no.
    await rejects(read(kept, late), "NOT_MINE");
    await rejects(kept.addPasskey("late", device), "KEYS_ROTATED");
    assert.equal(await read(a(), late), "not for the passkey");
    const words = (await a().keySlots()).slots[0]!;
    await rejects(a().removeSlot(words.slotId), "LAST_SLOT");
    await rejects(a().removeSlot(passkey.slotId), "NO_SUCH_SLOT");
  });

  it("open by enough guardians at the owner's signed request, and not by fewer or for somebody else", async () => {
    const guardians = helpers.map(({ address }) => address);
    const slot = await a().addGuardians({ guardians, threshold: 2 });
    assert.deepEqual(slot.guardians, { threshold: 2, accounts: guardians.map((each) => each.toLowerCase()) });
    // A guardian who has new keys since then still finds the share.
    await clients[4]!.rotate();
    const lost = clientOf(alice);
    const { requests, threshold, unlock } = await lost.askGuardians();
    assert.deepEqual([threshold, requests.map(({ guardian }) => guardian)], [2, guardians.map((g) => g.toLowerCase())]);
    const [first, second, third] = requests.map(({ request }) => request) as [Hex, Hex, Hex];
    assert.equal((await clients[2]!.guardianQuestion(first)).owner, alice.address.toLowerCase());
    const [one, three] = [await clients[2]!.answerGuardian(first), await clients[4]!.answerGuardian(third)];
    await rejects(unlock([one]), "MORE_GUARDIANS");
    await rejects(unlock([one, one, "0x00"]), "MORE_GUARDIANS");
    const other = await clientOf(alice).askGuardians();
    await rejects(other.unlock([one, three]), "MORE_GUARDIANS");
    await rejects(clients[2]!.answerGuardian(second), "NOT_MINE");
    await unlock([three, one]);
    assert.equal(await read(lost, await letter("found again")), "found again");
  });

  it("are not opened by a guardian for a request that anything was changed in", async () => {
    const { requests } = await clientOf(alice).askGuardians();
    const request = decodeGuardianRequest(bytesOf(requests[0]!.request));
    const changes: readonly Partial<typeof request>[] = [
      { owner: bytesOf(bob.address) },
      { guardian: bytesOf(bob.address) },
      { vaultId: new Uint8Array(32) },
      { epoch: request.epoch + 1 },
      { index: 1 },
      { replyKey: (await b().keysOf(bob.address)).publicKey },
      { signedAt: request.signedAt - 1 },
      { share: { ...request.share, ct: request.share.ct.toReversed() } },
    ];
    for (const change of changes) {
      const changed = toHex(encodeGuardianRequest({ ...request, ...change }));
      await rejects(clients[2]!.answerGuardian(changed), "WRONG_REQUEST");
    }
    await rejects(clients[2]!.answerGuardian("0x1234"), "WRONG_REQUEST");
    const old = { ...request, signedAt: request.signedAt - 73 * 3600 };
    const signature = bytesOf(await alice.signTypedData(guardianRequestTypedData(old)));
    await rejects(clients[2]!.answerGuardian(toHex(encodeGuardianRequest({ ...old, signature }))), "WRONG_REQUEST");
    for (const guardians of [[helpers[0]!.address], [alice.address, bob.address], [bob.address, bob.address]])
      await rejects(a().addGuardians({ guardians, threshold: 2 }), "WRONG_GUARDIANS");
  });

  it("rotate with new words in the place of the old, also for a wallet that never signs alike twice", async () => {
    const { recoveryWords } = await a().renewRecovery();
    await rejects(clientOf(alice).unlockWithRecovery(words), "WRONG_WORDS");
    await clientOf(alice).unlockWithRecovery(recoveryWords);
    const [account, second] = [wallet(), wallet()];
    let asked = 0;
    const hedging = {
      ...account,
      signTypedData: (typed: Parameters<Wallet["signTypedData"]>[0]) =>
        typed.primaryType === "VaultKeyRequest" && ++asked % 2 === 0
          ? second.signTypedData(typed)
          : account.signTypedData(typed),
    } as Wallet;
    const client = clientOf(hedging);
    const own = (await client.enrol()).recoveryWords;
    await client.rotate();
    await rejects(clientOf(hedging).unlock(), "SLOTS_ONLY");
    const again = clientOf(hedging);
    await again.unlockWithRecovery(own);
    assert.equal((await again.keySlots()).epoch, 1);
  });

  it("are believed only as the owner's keys have left them: a relayer that plants a slot is found out", async () => {
    const planted: typeof globalThis.fetch = async (url, init) => {
      const response = await fetch(url, init);
      if (typeof url !== "string" || !url.endsWith("/enrolment/start")) return response;
      const start = (await response.json()) as { slots: Hex };
      const bytes = bytesOf(start.slots);
      bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
      return Response.json({ ...start, slots: toHex(bytes) });
    };
    await rejects(clientOf(alice, planted).unlock(), "SLOTS_ALTERED");
  });

  it("run as the example in scripts/examples says", async () => {
    const example = new URL("../../scripts/examples/keySlots.ts", import.meta.url).pathname;
    const { stdout } = await promisify(execFile)(process.execPath, [example, relayer.url]);
    assert.match(stdout, /epoch 0 -> 1/);
    assert.match(stdout, /2 of 2 answered/);
    assert.match(stdout, /they now give WRONG_WORDS/);
  });
});
