import type { z } from "zod";
import type { Reply } from "./reply.ts";

/** One row of the API: what the router runs, what the checks believe, and what the OpenAPI document says. */

export type Method = "get" | "post" | "put" | "delete";

export interface Answer {
  readonly what: string;
  readonly schema?: z.ZodType;
  /** Default application/json. */
  readonly type?: string;
}

export interface Route {
  readonly method: Method;
  /** With `{name}` for parameters, below /v1. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly session: boolean;
  readonly params: z.ZodObject | undefined;
  readonly query: z.ZodObject | undefined;
  readonly body: z.ZodType | undefined;
  /** Raw bodies are canonical CBOR and are parsed by the flow, not by zod. */
  readonly rawBytesMax: number | undefined;
  readonly answers: Readonly<Record<number, Answer>>;
  readonly handle: (call: RawCall) => Reply | Promise<Reply>;
}

/** A call whose parts have been parsed by the route's schemas. */
export interface RawCall {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly raw: Uint8Array;
  /** The signed-in account; empty on routes without a session. */
  readonly account: Uint8Array;
  readonly token: string;
}

export interface Call<Params, Query, Body> extends RawCall {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
}

interface Spec<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType> {
  readonly method: Method;
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  /** Whether a bearer token is needed. */
  readonly session: boolean;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly rawBytesMax?: number;
  readonly answers: Readonly<Record<number, Answer>>;
  readonly handle: (call: Call<z.output<P>, z.output<Q>, z.output<B>>) => Reply | Promise<Reply>;
}

/** Writes a route down with its types; the router parses with the same schemas before it calls. */
export function route<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType>(spec: Spec<P, Q, B>): Route {
  return {
    ...spec,
    params: spec.params,
    query: spec.query,
    body: spec.body,
    rawBytesMax: spec.rawBytesMax,
    handle: (call) => spec.handle(call as Call<z.output<P>, z.output<Q>, z.output<B>>),
  };
}
