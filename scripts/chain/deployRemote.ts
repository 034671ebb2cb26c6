import { getAddress, type Address } from "viem";

import { remote, TOKEN_NONCE_OFFSET } from "../../ignition/modules/remote.ts";
import { ADMIN_ROLE, GUARDIAN_ROLE, remotePermissions } from "../../ignition/modules/roles.ts";
import { interoperableAddress } from "./interoperable.ts";
import type { RemoteParameters } from "./parameters.ts";
import { roleFaults, type RoleTable } from "./roleFaults.ts";
import { beginning, predicted, runModule, type Deployment } from "./runModule.ts";

/** The contracts of a remote chain. */
export interface RemoteAddresses {
  readonly accessManager: Address;
  readonly remoteCommittee: Address;
  readonly committeeGateway: Address;
  readonly remoteBridge: Address;
  readonly remoteToken: Address;
  readonly commitmentMirror: Address;
  readonly remoteExecutor: Address;
}

/** The contracts of the home chain that a remote chain listens to. */
export interface HomeContracts {
  readonly governor: Address;
  readonly committeeGateway: Address;
  readonly homeBridge: Address;
  readonly commitmentMirror: Address;
}

/**
 * Deploys and wires a remote chain with the Ignition module; safe to repeat when it has a journal. The home chain must
 * still be told about it, by a proposal: `setRemote` of its gateway, then `setLink` of its bridge and its mirror.
 */
export async function deployRemote(
  deployment: Deployment,
  parameters: RemoteParameters,
  homeContracts: HomeContracts,
): Promise<RemoteAddresses> {
  const { homeChainId, ...rest } = parameters;
  const begun = await beginning(deployment);
  const at = await runModule(deployment, remote, {
    Remote: {
      ...rest,
      homeChainId,
      predictedToken: predicted(deployment.deployer, begun, TOKEN_NONCE_OFFSET),
      homeGateway: homeContracts.committeeGateway,
      homeGovernor: interoperableAddress(homeChainId, homeContracts.governor),
      homeBridge: interoperableAddress(homeChainId, homeContracts.homeBridge),
      homeMirror: interoperableAddress(homeChainId, homeContracts.commitmentMirror),
    },
  });
  const addresses: RemoteAddresses = {
    accessManager: at("AccessManager"),
    remoteCommittee: at("RemoteCommittee"),
    committeeGateway: at("CommitteeGateway"),
    remoteBridge: at("RemoteBridge"),
    remoteToken: at("RemoteToken"),
    commitmentMirror: at("CommitmentMirror"),
    remoteExecutor: at("CrosschainRemoteExecutor"),
  };
  const table = remoteRoles(addresses, getAddress(parameters.guardian), BigInt(begun.block));
  const faults = await roleFaults(deployment.provider, table);
  if (faults.length > 0) throw new Error(`the deployed roles are not as reviewed: ${faults.join("; ")}`);
  return addresses;
}

/** The whole role table of a remote chain. */
export function remoteRoles(at: RemoteAddresses, guardian: Address, sinceBlock: bigint): RoleTable {
  return {
    accessManager: at.accessManager,
    roles: [
      { role: ADMIN_ROLE, account: at.remoteExecutor },
      { role: GUARDIAN_ROLE, account: guardian },
    ],
    managed: {
      RemoteCommittee: at.remoteCommittee,
      CommitteeGateway: at.committeeGateway,
      RemoteBridge: at.remoteBridge,
      CommitmentMirror: at.commitmentMirror,
    },
    permissions: remotePermissions,
    links: [
      { contract: at.remoteBridge, getter: "token", account: at.remoteToken },
      { contract: at.remoteToken, getter: "bridge", account: at.remoteBridge },
      { contract: at.remoteExecutor, getter: "gateway", account: at.committeeGateway },
    ],
    sinceBlock,
  };
}
