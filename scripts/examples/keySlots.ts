// example: more ways to a chain, guardians, and new keys; against `./midchain up`, or the relayer whose address is given
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { createClient, type Client } from "../../sdk/index.ts";

const url = process.argv[2] ?? "http://127.0.0.1:8080";
const person = (): { readonly account: `0x${string}`; readonly open: () => Client } => {
  const wallet = privateKeyToAccount(generatePrivateKey());
  return { account: wallet.address, open: () => createClient({ url, wallet }) };
};

const [ada, sister, friend] = [person(), person(), person()];
const [client, first, second] = [ada.open(), sister.open(), friend.open()];
const [{ recoveryWords }] = await Promise.all([client.enrol(), first.enrol(), second.enrol()]);
await client.addGuardians({ guardians: [sister.account, friend.account], threshold: 2 });
console.log("ways in      ", (await client.keySlots()).slots.map(({ kind }) => kind).join(", "));

const before = await first.keysOf(ada.account);
await client.rotate();
const after = await first.keysOf(ada.account);
console.log("keys         ", `epoch ${before.epoch} -> ${after.epoch}, as everybody sees them`);

const byWords = ada.open();
await byWords.unlockWithRecovery(recoveryWords);
console.log("by words     ", `${(await byWords.myChain()).blocks.length} blocks`);

const { requests, unlock } = await ada.open().askGuardians();
const answers = await Promise.all(
  [first, second].map((guardian, i) => guardian.answerGuardian(requests[i]?.request ?? "0x")),
);
await unlock(answers);
console.log("by guardians ", `${answers.length} of ${requests.length} answered`);

const [words] = (await client.keySlots()).slots;
await client.removeSlot(words?.slotId ?? "0x");
const refused = await ada
  .open()
  .unlockWithRecovery(recoveryWords)
  .catch((error: unknown) => (error as { code?: string }).code);
console.log("words removed", `they now give ${refused ?? "the vault"}`);
