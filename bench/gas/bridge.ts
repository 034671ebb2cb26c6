import { AbiCoder, concat, getBytes, toBeHex, TypedDataEncoder } from "ethers";
import { committeeSign } from "../../test/support/contracts/batches.ts";
import { gasOf, type Scene } from "./scene.ts";

const HOME_CHAIN = 5n;
const HOME_GATEWAY = "0x00000000000000000000000000000000000000a1";
const HOME_BRIDGE = "0x00000000000000000000000000000000000000b1";
const HOLDER = "0x00000000000000000000000000000000000000c1";

const messageTypes = {
  Message: [
    { name: "sourceChain", type: "uint256" },
    { name: "sourceGateway", type: "address" },
    { name: "sendId", type: "bytes32" },
    { name: "sender", type: "bytes" },
    { name: "recipient", type: "bytes" },
    { name: "payload", type: "bytes" },
  ],
};

/** ERC-7930 bytes of an EVM account: version, chain type, chain reference, address. */
function interoperable(chainId: bigint, account: string): string {
  const reference = toBeHex(chainId);
  return concat(["0x00010000", toBeHex(getBytes(reference).length, 1), reference, "0x14", account]);
}

/** Tokens locked at home arrive here and are minted to a holder who has some already. */
export async function deliver(scene: Scene): Promise<number> {
  const { ethers } = scene.connection;
  const gateway = await ethers.deployContract("CommitteeGateway", [scene.authority, scene.committee]);
  const next = ethers.getCreateAddress({ from: scene.admin.address, nonce: (await scene.admin.getNonce()) + 1 });
  const token = await ethers.deployContract("RemoteToken", [next]);
  const bridge = await ethers.deployContract("RemoteBridge", [scene.authority, token]);
  await gateway.setRemote(HOME_CHAIN, HOME_GATEWAY);
  await bridge.setLink(gateway, interoperable(HOME_CHAIN, HOME_BRIDGE));
  await bridge.setLimits(10n ** 24n, 10n ** 24n, 86_400n);
  const sender = interoperable(HOME_CHAIN, HOME_BRIDGE);
  const recipient = interoperable(scene.chainId, await bridge.getAddress());
  const verifyingContract = await gateway.getAddress();
  const domain = { name: "CommitteeGateway", version: "1", chainId: scene.chainId, verifyingContract };
  const arrive = async (number: number): Promise<number> => {
    const sendId = toBeHex(number, 32);
    const payload = AbiCoder.defaultAbiCoder().encode(
      ["bytes", "bytes", "uint256"],
      [interoperable(HOME_CHAIN, HOLDER), HOLDER, 10n ** 18n],
    );
    const message = { sourceChain: HOME_CHAIN, sourceGateway: HOME_GATEWAY, sendId, sender, recipient, payload };
    const sigs = committeeSign(TypedDataEncoder.hash(domain, messageTypes, message), scene.signers);
    return gasOf(gateway.deliver(sendId, sender, recipient, payload, sigs));
  };
  await arrive(1);
  return arrive(2);
}
