import { buildModule } from "@nomicfoundation/ignition-core";

import { permit } from "./permit.ts";
import { ADMIN_ROLE, GUARDIAN_ROLE, remotePermissions } from "./roles.ts";

const NO_DELAY = 0;
const NO_LEDGER = "0x0000000000000000000000000000000000000000";

/** How many transactions of the deployer come before the token, which its bridge must know before it exists. */
export const TOKEN_NONCE_OFFSET = 4;

/** A remote chain: the bridged token and the mirror, ruled by the home chain's governor through the gateway. */
export const remote = buildModule("Remote", (m) => {
  const deployer = m.getAccount(0);
  const guardian = m.getParameter<string>("guardian");
  const p = (name: string) => m.getParameter(name);

  const manager = m.contract("AccessManager", [deployer]);
  const first = [p("committeeRules"), p("firstEpoch"), p("firstSeats")];
  const committee = m.contract("RemoteCommittee", [manager, ...first]);
  const gateway = m.contract("CommitteeGateway", [manager, committee]);
  const bridge = m.contract("RemoteBridge", [manager, p("predictedToken")], { after: [gateway] });
  const token = m.contract("RemoteToken", [bridge]);
  const after = [token];
  const mirror = m.contract("CommitmentMirror", [manager, NO_LEDGER], { after });
  const executor = m.contract("CrosschainRemoteExecutor", [gateway, p("homeGovernor")], { after });

  const contracts = {
    RemoteCommittee: committee,
    RemoteBridge: bridge,
    CommitteeGateway: gateway,
    CommitmentMirror: mirror,
  };
  const limits = [p("bridgeOutCapacity"), p("bridgeInCapacity"), p("bridgeWindow")];
  const reachable = m.call(gateway, "setRemote", [p("homeChainId"), p("homeGateway")], { id: "reach_home", after });
  const wired = [
    ...permit(m, manager, contracts, { permissions: remotePermissions, after }),
    m.call(manager, "grantRole", [GUARDIAN_ROLE, guardian, NO_DELAY], { id: "grant_guardian", after }),
    m.call(bridge, "setLimits", limits, { id: "limit_bridge", after }),
    m.call(gateway, "setSender", [bridge, true], { id: "allow_bridge", after }),
    m.call(bridge, "setLink", [gateway, p("homeBridge")], { id: "link_bridge", after: [reachable] }),
    m.call(mirror, "setLink", [gateway, p("homeMirror")], { id: "link_mirror", after: [reachable] }),
    m.call(manager, "grantRole", [ADMIN_ROLE, executor, NO_DELAY], { id: "grant_admin" }),
  ];
  // Last: from here on the deployer can do nothing.
  m.call(manager, "renounceRole", [ADMIN_ROLE, deployer], { id: "leave_manager", after: wired });

  return { manager, committee, gateway, bridge, token, mirror, executor };
});
