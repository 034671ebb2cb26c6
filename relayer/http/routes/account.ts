import { z } from "zod";
import { encodeBinding } from "../../../protocol/binding.ts";
import { toHex } from "../../../protocol/bytes.ts";
import { bindingOf, chainOf, enrol, SLOTS_BYTES_MAX, startEnrolment } from "../../flow/enrol.ts";
import { replaceSlots, rotateKeys, startRotation, type Changed } from "../../flow/keySlots.ts";
import { decodeHead } from "../../midc/rows.ts";
import { keys } from "../../midc/keys.ts";
import type { HttpNode } from "../door.ts";
import { json, problem, refusalProblem } from "../reply.ts";
import { route, type Route } from "../route.ts";
import { accountParams, approvalBody, hexOf, hexText, hexUpTo } from "../schemas.ts";

const TICKET_BYTES_MAX = 256;
const BINDING_BYTES_MAX = 8192;
const HASH_BYTES = 32;

const startSchema = z
  .object({ chainId: hexText, pepper: hexText, ticket: hexText.optional(), slots: hexText.optional() })
  .meta({
    id: "EnrolmentStart",
    description: "ticket is absent, and slots are there, for an account that has a chain.",
  });

const meSchema = z
  .object({ account: hexText, chainId: hexText, height: z.int(), headHash: hexText, slots: hexText.optional() })
  .meta({ id: "Me" });

/** Everything about the caller's own chain and keys, and other people's public keys. */
export const accountRoutes = (node: HttpNode): readonly Route[] => [
  ...enrolmentRoutes(node),
  ...keyRoutes(node),
  ...slotRoutes(node),
];

function enrolmentRoutes({ enrolment }: HttpNode): readonly Route[] {
  return [
    route({
      method: "post",
      path: "/enrolment/start",
      tag: "account",
      summary: "The platform's half of the vault key (the pepper), with a ticket for a first enrolment",
      session: true,
      answers: { 200: { what: "what a wallet needs to derive its keys", schema: startSchema } },
      handle({ account }) {
        const start = startEnrolment(account, enrolment);
        return json({
          chainId: toHex(start.chainId),
          pepper: toHex(start.pepper),
          ...(start.ticket === undefined ? {} : { ticket: toHex(start.ticket) }),
          ...(start.slots === undefined ? {} : { slots: toHex(start.slots) }),
        });
      },
    }),
    route({
      method: "post",
      path: "/enrolment",
      tag: "account",
      summary: "Opens the caller's chain with its signed key binding and key slots",
      session: true,
      body: z.strictObject({
        ticket: hexUpTo(TICKET_BYTES_MAX),
        binding: hexUpTo(BINDING_BYTES_MAX),
        slots: hexUpTo(SLOTS_BYTES_MAX),
      }),
      answers: { 201: { what: "the chain", schema: z.object({ chainId: hexText }) } },
      async handle({ account, body }) {
        const enrolled = await enrol(account, body, enrolment);
        if (enrolled.kind === "refused") return refusalProblem(enrolled);
        return json({ chainId: toHex(enrolled.chainId) }, 201);
      },
    }),
  ];
}

function keyRoutes({ enrolment }: HttpNode): readonly Route[] {
  return [
    route({
      method: "get",
      path: "/me",
      tag: "account",
      summary: "The caller's chain and its head",
      session: true,
      answers: { 200: { what: "the caller", schema: meSchema } },
      handle({ account }) {
        const chainId = chainOf(account, enrolment);
        const head = chainId === undefined ? undefined : enrolment.replica.view.get(keys.head(chainId));
        if (chainId === undefined || head === undefined)
          return problem("NO_SUCH_OBJECT", { cause: "the account has no chain", fix: "enrol first" });
        const { height, hash } = decodeHead(head);
        return json({ account: toHex(account), chainId: toHex(chainId), height, headHash: toHex(hash) });
      },
    }),
    route({
      method: "get",
      path: "/keys/{account}",
      tag: "account",
      summary: "The signed key binding of an account's chain, to seal content to its owner",
      session: true,
      params: accountParams,
      answers: { 200: { what: "canonical SignedBinding", schema: z.object({ binding: hexText }) } },
      handle({ params }) {
        const chainId = chainOf(params.account, enrolment);
        const binding = chainId === undefined ? undefined : bindingOf(chainId, enrolment.vault);
        if (binding === undefined) return problem("NO_SUCH_OBJECT", { cause: "the account has no chain" });
        return json({ binding: toHex(encodeBinding(binding)) });
      },
    }),
  ];
}

const slotsShape = {
  slots: hexUpTo(SLOTS_BYTES_MAX),
  replaces: hexOf(HASH_BYTES).meta({ description: "SHA-256 of the slots that these stand in for" }),
  approval: approvalBody,
};
const changedAnswers = { 200: { what: "the block that says so", schema: z.object({ blockId: hexText }) } };
const answer = (changed: Changed) =>
  changed.kind === "refused" ? refusalProblem(changed) : json({ blockId: toHex(changed.blockId) });

function slotRoutes({ enrolment }: HttpNode): readonly Route[] {
  return [
    route({
      method: "put",
      path: "/me/slots",
      tag: "account",
      summary: "Replaces the caller's key slots (sealed by the caller, opaque here)",
      session: true,
      body: z.strictObject(slotsShape),
      answers: changedAnswers,
      handle: async ({ account, body: { approval: signed, ...change } }) =>
        answer(await replaceSlots(account, { ...change, signed }, enrolment)),
    }),
    route({
      method: "post",
      path: "/me/keys/start",
      tag: "account",
      summary: "The platform's half of the caller's next vault key, with a ticket for the rotation",
      session: true,
      answers: {
        200: {
          what: "what a wallet needs to derive its next keys",
          schema: z.object({ pepper: hexText, ticket: hexText }),
        },
      },
      handle({ account }) {
        const started = startRotation(account, enrolment);
        if (started.kind === "refused") return refusalProblem(started);
        return json({ pepper: toHex(started.pepper), ticket: toHex(started.ticket) });
      },
    }),
    route({
      method: "put",
      path: "/me/keys",
      tag: "account",
      summary: "Rotates the caller's keys: a new signed key binding, with the key slots that open it",
      session: true,
      body: z.strictObject({ ...slotsShape, ticket: hexUpTo(TICKET_BYTES_MAX), binding: hexUpTo(BINDING_BYTES_MAX) }),
      answers: changedAnswers,
      handle: async ({ account, body: { approval: signed, ...change } }) =>
        answer(await rotateKeys(account, { ...change, signed }, enrolment)),
    }),
  ];
}
