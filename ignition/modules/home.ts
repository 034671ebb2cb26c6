import { buildModule } from "@nomicfoundation/ignition-core";

import { permit } from "./permit.ts";
import {
  ADMIN_ROLE,
  CANCELLER_ROLE,
  GUARDIAN_ROLE,
  homePermissions,
  LEDGER_ROLE,
  MINTER_ROLE,
  PROPOSER_ROLE,
  TIMELOCK_ADMIN_ROLE,
} from "./roles.ts";

const NO_DELAY = 0;
const ANYONE = "0x0000000000000000000000000000000000000000";

/**
 * How many transactions of the deployer come before the notary ledger. Engine and ledger know each other for ever, so
 * the address of the ledger is predicted from this: everything before it is one line of dependencies, everything else
 * comes after it, and the check of the finished deployment fails if the prediction did.
 */
export const LEDGER_NONCE_OFFSET = 5;

/** Everything a home chain needs, wired, with every right in the hands of the timelock. */
export const home = buildModule("Home", (m) => {
  const deployer = m.getAccount(0);
  const p = (name: string) => m.getParameter(name);

  const manager = m.contract("AccessManager", [deployer]);
  const issuance = [p("genesisHolder"), p("genesisSupply"), p("mintCap"), p("inflationBpsMax"), p("inflationBps")];
  const token = m.contract("PlatformToken", [manager, ...issuance]);
  const stakingRules = [p("unbondDelayMin"), p("unbondDelay"), p("stakersShareBps"), p("equivocationBps")];
  const staking = m.contract("DVStaking", [manager, token, ...stakingRules]);
  const committee = m.contract("DVCommittee", [manager, staking, p("committeeRules"), p("electionRules")]);
  const engine = m.contract("SettlementEngine", [manager, p("predictedLedger")], { after: [committee] });
  const ledger = m.contract("NotaryLedger", [manager, committee, engine, staking]);

  const after = [ledger];
  const timelock = m.contract("TimelockController", [p("timelockDelay"), [], [ANYONE], deployer], { after });
  const governor = m.contract("PlatformGovernor", [staking, token, timelock, p("governorRules")]);
  const certified = [manager, committee, staking, token, p("certificateFeeBps"), timelock];
  const certificates = m.contract("CertificateRegistry", certified);
  const market = m.contract("ServiceMarket", [manager, token, p("marketFeeBps"), timelock]);
  const gateway = m.contract("CommitteeGateway", [manager, committee], { after });
  const bridge = m.contract("HomeBridge", [manager, token], { after });
  const mirror = m.contract("CommitmentMirror", [manager, ledger]);

  const contracts = {
    PlatformToken: token,
    DVStaking: staking,
    DVCommittee: committee,
    NotaryLedger: ledger,
    HomeBridge: bridge,
    CommitteeGateway: gateway,
    CommitmentMirror: mirror,
    AccessManager: manager,
    TimelockController: timelock,
    PlatformGovernor: governor,
    SettlementEngine: engine,
    CertificateRegistry: certificates,
    ServiceMarket: market,
  };
  const wired = [
    ...permit(m, manager, contracts, { permissions: homePermissions, after }),
    m.call(manager, "grantRole", [MINTER_ROLE, staking, NO_DELAY], { id: "grant_minter", after }),
    m.call(manager, "grantRole", [LEDGER_ROLE, ledger, NO_DELAY], { id: "grant_ledger" }),
    m.call(manager, "grantRole", [GUARDIAN_ROLE, p("guardian"), NO_DELAY], { id: "grant_guardian", after }),
    m.call(engine, "setToken", [token, true], { id: "allow_token", after }),
    m.call(bridge, "setLimits", [p("bridgeOutCapacity"), p("bridgeInCapacity"), p("bridgeWindow")], {
      id: "limit_bridge",
    }),
    ...Object.entries({ bridge, mirror, governor }).map(([name, sender]) =>
      m.call(gateway, "setSender", [sender, true], { id: `allow_${name}` }),
    ),
    m.call(manager, "grantRole", [ADMIN_ROLE, timelock, NO_DELAY], { id: "grant_admin" }),
    m.call(timelock, "grantRole", [PROPOSER_ROLE, governor], { id: "grant_proposer" }),
    m.call(timelock, "grantRole", [CANCELLER_ROLE, governor], { id: "grant_canceller" }),
  ];
  // Last: from here on the deployer can do nothing.
  m.call(timelock, "renounceRole", [TIMELOCK_ADMIN_ROLE, deployer], { id: "leave_timelock", after: wired });
  m.call(manager, "renounceRole", [ADMIN_ROLE, deployer], { id: "leave_manager", after: wired });

  return contracts;
});
