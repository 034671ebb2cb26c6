// The plan of the house: which room may open a door to which. Rooms that are not listed as allowed are walls.
const ROOMS = "^(contracts|protocol|relayer|sdk|portal|scripts|test|bench)/";
const only = (name, room, allowed) => ({
  name,
  severity: "error",
  comment: `${room} may import only ${allowed.join(", ") || "itself"}`,
  from: { path: `^${room}` },
  to: { path: ROOMS, pathNot: [`^${room}`, ...allowed.map((a) => `^${a}`)] },
});
const vendor = (name, pkg, home) => ({
  name,
  severity: "error",
  comment: `${pkg} is spoken only in ${home}`,
  from: { path: "^(protocol|relayer|sdk|portal)/", pathNot: `^${home}` },
  to: { path: `node_modules/${pkg}` },
});
const seams = ["relayer/ports\\.ts$", "relayer/errors\\.ts$"];
/** Small things of ops/ that the inner rooms need too: when to work, what to keep. */
const INNER = "relayer/ops/(pace|newest)\\.ts$";

module.exports = {
  forbidden: [
    only("protocol-is-the-floor", "protocol/", []),
    only("midc-is-pure", "relayer/midc/", ["protocol/", ...seams]),
    only("guard-reads-only", "relayer/guard/", ["protocol/", "relayer/midc/", ...seams, INNER]),
    only("audit-is-pure", "relayer/audit/", ["protocol/", "relayer/midc/", ...seams]),
    only("log-is-pure", "relayer/log/", ["protocol/", "relayer/midc/", ...seams, INNER]),
    only("flow-sees-ports-not-adapters", "relayer/flow/", [
      "protocol/",
      "relayer/midc/",
      "relayer/log/",
      "relayer/guard/",
      "relayer/notary/",
      "relayer/privacy/",
      ...seams,
      INNER,
    ]),
    only("notary-sees-ports-not-adapters", "relayer/notary/", [
      "protocol/",
      "relayer/midc/",
      "relayer/log/",
      "relayer/privacy/",
      ...seams,
    ]),
    only("cluster-sees-ports-not-adapters", "relayer/cluster/", [
      "protocol/",
      "relayer/midc/",
      "relayer/log/",
      "relayer/audit/",
      ...seams,
    ]),
    only("adapters-meet-only-their-port", "relayer/adapters/", ["protocol/", "relayer/ops/", ...seams]),
    only("http-enters-through-flow", "relayer/http/", [
      "protocol/",
      "relayer/flow/",
      "relayer/cluster/",
      "relayer/guard/json\\.ts$",
      "relayer/midc/",
      "relayer/ops/",
      ...seams,
    ]),
    only("sdk-stands-on-protocol", "sdk/", ["protocol/"]),
    // The contracts are spoken from the browser itself; everything of the relayer goes through the client library.
    only("portal-stands-on-sdk", "portal/", ["sdk/index\\.ts$", "protocol/abi/"]),
    {
      name: "adapters-do-not-know-each-other",
      severity: "error",
      from: { path: "^relayer/adapters/([^/]+)/" },
      to: { path: "^relayer/adapters/", pathNot: "^relayer/adapters/$1/" },
    },
    {
      name: "nobody-imports-the-workshop",
      severity: "error",
      from: { path: "^(protocol|relayer|sdk|portal)/" },
      to: { path: "^(test|bench|scripts)/" },
    },
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    only("privacy-sees-ports-not-adapters", "relayer/privacy/", ["protocol/", "relayer/midc/", ...seams, INNER]),
    // main.ts of a room is a process of its own: it wires, so it sees adapters.
    only("dv-stands-alone", "relayer/dv/(?!main\\.ts)", ["protocol/", ...seams]),
    vendor("express-lives-in-http", "express/", "relayer/http/"),
    vendor("bullmq-lives-in-one-adapter", "bullmq/", "relayer/adapters/bullmq/"),
    vendor("lmdb-lives-in-one-adapter", "lmdb/", "relayer/adapters/lmdb/"),
    vendor("react-lives-in-the-portal", "(react|react-dom|wagmi|@wagmi|@tanstack)/", "portal/"),
    vendor("nats-lives-in-one-adapter", "@nats-io/", "relayer/adapters/jetstream/"),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(artifacts|cache|types)/" },
    enhancedResolveOptions: {
      extensions: [".ts", ".tsx", ".js"],
      exportsFields: ["exports"],
      conditionNames: ["import", "types", "default"],
    },
  },
};
