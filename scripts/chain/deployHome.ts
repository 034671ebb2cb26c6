import { getAddress, type Address } from "viem";

import { home, LEDGER_NONCE_OFFSET } from "../../ignition/modules/home.ts";
import {
  ADMIN_ROLE,
  CANCELLER_ROLE,
  EXECUTOR_ROLE,
  GUARDIAN_ROLE,
  homePermissions,
  LEDGER_ROLE,
  MINTER_ROLE,
  PROPOSER_ROLE,
  TIMELOCK_ADMIN_ROLE,
} from "../../ignition/modules/roles.ts";
import type { HomeParameters } from "./parameters.ts";
import { roleFaults, type RoleTable } from "./roleFaults.ts";
import { beginning, predicted, runModule, type Deployment } from "./runModule.ts";

const ANYONE = "0x0000000000000000000000000000000000000000";

/** The contracts of a home chain. */
export interface Addresses {
  readonly accessManager: Address;
  readonly platformToken: Address;
  readonly dvStaking: Address;
  readonly dvCommittee: Address;
  readonly settlementEngine: Address;
  readonly notaryLedger: Address;
  readonly timelock: Address;
  readonly governor: Address;
  readonly certificateRegistry: Address;
  readonly serviceMarket: Address;
  readonly committeeGateway: Address;
  readonly homeBridge: Address;
  readonly commitmentMirror: Address;
}

/** Deploys and wires a home chain with the Ignition module; safe to repeat when it has a journal. */
export async function deployHome(deployment: Deployment, parameters: HomeParameters): Promise<Addresses> {
  const begun = await beginning(deployment);
  const predictedLedger = predicted(deployment.deployer, begun, LEDGER_NONCE_OFFSET);
  const governorRules = { ...parameters.governorRules, guardian: parameters.guardian };
  const at = await runModule(deployment, home, { Home: { ...parameters, governorRules, predictedLedger } });
  const addresses: Addresses = {
    accessManager: at("AccessManager"),
    platformToken: at("PlatformToken"),
    dvStaking: at("DVStaking"),
    dvCommittee: at("DVCommittee"),
    settlementEngine: at("SettlementEngine"),
    notaryLedger: at("NotaryLedger"),
    timelock: at("TimelockController"),
    governor: at("PlatformGovernor"),
    certificateRegistry: at("CertificateRegistry"),
    serviceMarket: at("ServiceMarket"),
    committeeGateway: at("CommitteeGateway"),
    homeBridge: at("HomeBridge"),
    commitmentMirror: at("CommitmentMirror"),
  };
  const table = homeRoles(addresses, getAddress(parameters.guardian), BigInt(begun.block));
  const faults = await roleFaults(deployment.provider, table);
  if (faults.length > 0) throw new Error(`the deployed roles are not as reviewed: ${faults.join("; ")}`);
  return addresses;
}

/** The whole role table of a home chain. */
export function homeRoles(at: Addresses, guardian: Address, sinceBlock: bigint): RoleTable {
  return {
    accessManager: at.accessManager,
    roles: [
      { role: ADMIN_ROLE, account: at.timelock },
      { role: MINTER_ROLE, account: at.dvStaking },
      { role: LEDGER_ROLE, account: at.notaryLedger },
      { role: GUARDIAN_ROLE, account: guardian },
    ],
    timelock: {
      address: at.timelock,
      roles: [
        { role: PROPOSER_ROLE, account: at.governor },
        { role: CANCELLER_ROLE, account: at.governor },
        { role: EXECUTOR_ROLE, account: ANYONE },
        { role: TIMELOCK_ADMIN_ROLE, account: at.timelock },
      ],
    },
    managed: {
      PlatformToken: at.platformToken,
      DVStaking: at.dvStaking,
      DVCommittee: at.dvCommittee,
      SettlementEngine: at.settlementEngine,
      NotaryLedger: at.notaryLedger,
      CertificateRegistry: at.certificateRegistry,
      ServiceMarket: at.serviceMarket,
      CommitteeGateway: at.committeeGateway,
      HomeBridge: at.homeBridge,
      CommitmentMirror: at.commitmentMirror,
    },
    permissions: homePermissions,
    links: [
      { contract: at.settlementEngine, getter: "ledger", account: at.notaryLedger },
      { contract: at.governor, getter: "timelock", account: at.timelock },
      { contract: at.governor, getter: "token", account: at.dvStaking },
      { contract: at.homeBridge, getter: "token", account: at.platformToken },
      { contract: at.commitmentMirror, getter: "homeLedger", account: at.notaryLedger },
    ],
    sinceBlock,
  };
}
