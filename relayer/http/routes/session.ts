import { z } from "zod";
import { toHex } from "../../../protocol/bytes.ts";
import type { HttpNode, HttpOptions, HttpPorts } from "../door.ts";
import { json, problem } from "../reply.ts";
import { route, type Route } from "../route.ts";
import { hexUpTo } from "../schemas.ts";
import type { Remembered, Sessions } from "../session.ts";
import { createNonces, signIn } from "../signIn.ts";

const SIGNATURE_BYTES_MAX = 1024;

const tokensSchema = z
  .object({
    token: z.string(),
    expiresAt: z.int().meta({ description: "Milliseconds since 1970." }),
    refreshToken: z.string(),
    refreshExpiresAt: z.int(),
    account: z.string().optional(),
  })
  .meta({ id: "Session" });

type SessionOptions = Pick<HttpOptions, "publicUrl" | "origins">;
type SessionPorts = HttpPorts & { readonly sessions: Sessions; readonly nonces: Remembered };

export const sessionRoutes = (node: HttpNode, options: SessionOptions, ports: SessionPorts): readonly Route[] => [
  ...signInRoutes(node, options, ports),
  ...tokenRoutes(ports),
];

/** This machine's own address has a name too, and browsers keep passkeys for names only. */
const namesOf = (url: string): readonly string[] => {
  const named = new URL(url);
  if (named.hostname !== "127.0.0.1") return [url];
  named.hostname = "localhost";
  return [url, named.origin];
};

function signInRoutes(node: HttpNode, options: SessionOptions, ports: SessionPorts): readonly Route[] {
  const { sessions, clock } = ports;
  const nonces = createNonces({ clock, keyring: node.keyring, spent: ports.nonces });
  const signInPorts = {
    nonces,
    clock,
    chain: node.network.chain,
    origins: () => [...namesOf(options.publicUrl()), ...options.origins],
    acceptedByContract: node.ledger.acceptedByContract,
  };
  return [
    route({
      method: "get",
      path: "/session/nonce",
      tag: "session",
      summary: "A nonce for one sign-in message; it lives five minutes and works once",
      session: false,
      answers: { 200: { what: "the nonce", schema: z.object({ nonce: z.string(), expiresAt: z.int() }) } },
      handle: () => json(nonces.issue()),
    }),
    route({
      method: "post",
      path: "/session",
      tag: "session",
      summary: "Sign in with Ethereum (EIP-4361)",
      session: false,
      body: z.strictObject({ message: z.string().max(4096), signature: hexUpTo(SIGNATURE_BYTES_MAX) }),
      answers: { 201: { what: "a bearer token for ten minutes", schema: tokensSchema } },
      async handle({ body }) {
        const result = await signIn(body, signInPorts);
        if (result.kind === "wrong") return problem("SIGN_IN_REFUSED", { cause: result.cause });
        return json({ ...sessions.open(result.account), account: toHex(result.account) }, 201);
      },
    }),
  ];
}

function tokenRoutes({ sessions }: SessionPorts): readonly Route[] {
  return [
    route({
      method: "post",
      path: "/session/refresh",
      tag: "session",
      summary: "New tokens for a refresh token, which works once; using it again ends the session",
      session: false,
      body: z.strictObject({ refreshToken: z.string().max(256) }),
      answers: { 201: { what: "new tokens", schema: tokensSchema } },
      handle({ body }) {
        const tokens = sessions.refresh(body.refreshToken);
        return tokens === undefined ? problem("NO_SESSION") : json(tokens, 201);
      },
    }),
    route({
      method: "delete",
      path: "/session",
      tag: "session",
      summary: "Sign out: none of this session's tokens work any more",
      session: true,
      answers: { 204: { what: "signed out" } },
      handle({ token }) {
        sessions.end(token);
        return { kind: "empty" };
      },
    }),
  ];
}
