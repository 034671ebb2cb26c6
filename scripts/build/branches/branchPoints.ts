// Finds every place where a Solidity source can go one of two ways, from the compiler's own reading of it
import solc from "solc";
import { z } from "zod";

/** What both ways of a branch are called. An operand is one side of `&&` or `||`. */
const WAYS = {
  if: ["taken", "not taken"],
  require: ["passes", "refuses"],
  choice: ["first", "second"],
  loop: ["runs", "ends"],
  operand: ["true", "false"],
  try: ["succeeds", "fails"],
} as const;

export interface BranchPoint {
  readonly kind: keyof typeof WAYS;
  readonly ways: readonly [string, string];
  /** The function it is in; "constructor" for that. */
  readonly within: string;
  readonly line: number;
  /** The condition, its white space folded. */
  readonly text: string;
  /** Where the source is changed: byte offsets, as the compiler counts. */
  readonly place:
    | { readonly kind: "condition"; readonly start: number; readonly end: number }
    | ({ readonly kind: "assembly"; readonly start: number; readonly end: number } & AssemblyBlock)
    | { readonly kind: "blocks"; readonly first: number; readonly second: number };
}

interface Node {
  readonly nodeType: string;
  readonly src: string;
  readonly [key: string]: unknown;
}

/** Byte offsets of its brace, and of what comes after it. */
interface AssemblyBlock {
  readonly opens: number;
  readonly closed: number;
}

interface Scope {
  readonly bytes: Buffer;
  readonly within: string;
  readonly block: AssemblyBlock | undefined;
}

const compiled = z.object({
  errors: z.array(z.object({ severity: z.string(), formattedMessage: z.string() })).default([]),
  sources: z.object({ file: z.object({ ast: z.unknown() }).optional() }).default({}),
});

/** Its own types say `any`. */
const { compile } = solc as { readonly compile: (input: string) => string };

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "nodeType" in value && "src" in value;

function nodeAt(node: Node, key: string): Node {
  const child = node[key];
  if (!isNode(child)) throw new Error(`${node.nodeType} at ${node.src} has no ${key}`);
  return child;
}

function rangeOf(node: Node): { start: number; end: number } {
  const [start = 0, length = 0] = node.src.split(":").map(Number);
  return { start, end: start + length };
}

function point(
  kind: BranchPoint["kind"],
  at: Node,
  place: BranchPoint["place"],
  { bytes, within }: Scope,
): BranchPoint {
  const { start, end } = rangeOf(at);
  return {
    kind,
    ways: WAYS[kind],
    within,
    line: bytes.subarray(0, start).toString("utf8").split("\n").length,
    text: bytes.subarray(start, end).toString("utf8").replace(/\s+/g, " "),
    place,
  };
}

const isJoined = (node: Node): boolean =>
  node.nodeType === "BinaryOperation" && (node["operator"] === "&&" || node["operator"] === "||");

/** Without the parentheses and the `!` around it. */
function bare(node: Node): Node {
  if (node.nodeType === "UnaryOperation" && node["operator"] === "!") return bare(nodeAt(node, "subExpression"));
  const components = node["components"];
  if (node.nodeType !== "TupleExpression" || !Array.isArray(components)) return node;
  const [only, ...more] = components as unknown[];
  return isNode(only) && more.length === 0 && node["isInlineArray"] !== true ? bare(only) : node;
}

/** A condition made of others is no point of its own: when each of its operands went both ways, so did it. */
function condition(kind: BranchPoint["kind"], node: Node, scope: Scope): BranchPoint[] {
  return isJoined(bare(node)) ? [] : [point(kind, node, { kind: "condition", ...rangeOf(node) }, scope)];
}

function assembly(kind: BranchPoint["kind"], node: Node, scope: Scope): BranchPoint[] {
  if (scope.block === undefined) throw new Error(`${node.nodeType} at ${node.src} is outside assembly`);
  return [point(kind, node, { kind: "assembly", ...rangeOf(node), ...scope.block }, scope)];
}

function attempt(node: Node, scope: Scope): BranchPoint[] {
  const [success, failure, ...more] = (node["clauses"] as unknown[]).filter(isNode);
  if (success === undefined || failure === undefined || more.length > 0)
    throw new Error(`a try with several catches, at ${node.src}, has more ways than two`);
  const first = rangeOf(nodeAt(success, "block")).start;
  const second = rangeOf(nodeAt(failure, "block")).start;
  return [point("try", nodeAt(node, "externalCall"), { kind: "blocks", first, second }, scope)];
}

function pointsAt(node: Node, scope: Scope): BranchPoint[] {
  switch (node.nodeType) {
    case "IfStatement":
      return condition("if", nodeAt(node, "condition"), scope);
    case "Conditional":
      return condition("choice", nodeAt(node, "condition"), scope);
    case "ForStatement":
      return isNode(node["condition"]) ? condition("loop", node["condition"], scope) : [];
    case "WhileStatement":
    case "DoWhileStatement":
      return condition("loop", nodeAt(node, "condition"), scope);
    case "BinaryOperation":
      if (!isJoined(node)) return [];
      return ["leftExpression", "rightExpression"].flatMap((side) => condition("operand", nodeAt(node, side), scope));
    case "FunctionCall": {
      const called = nodeAt(node, "expression");
      const [checked] = node["arguments"] as unknown[];
      const isCheck = called.nodeType === "Identifier" && /^(require|assert)$/.test(String(called["name"]));
      return isCheck && isNode(checked) ? condition("require", checked, scope) : [];
    }
    case "TryStatement":
      return attempt(node, scope);
    case "YulIf":
      return assembly("if", nodeAt(node, "condition"), scope);
    case "YulForLoop":
      return assembly("loop", nodeAt(node, "condition"), scope);
    case "YulSwitch":
      throw new Error(`a switch, at ${node.src}, has more ways than two`);
    default:
      return [];
  }
}

function inside(node: Node, scope: Scope): Scope {
  if (node.nodeType === "InlineAssembly") {
    return { ...scope, block: { opens: rangeOf(nodeAt(node, "AST")).start, closed: rangeOf(node).end } };
  }
  if (node.nodeType !== "FunctionDefinition" && node.nodeType !== "ModifierDefinition") return scope;
  const name = String(node["name"]);
  return { ...scope, within: name === "" ? String(node["kind"]) : name };
}

function walk(value: unknown, scope: Scope): BranchPoint[] {
  if (Array.isArray(value)) return value.flatMap((one) => walk(one, scope));
  if (!isNode(value)) return [];
  const inner = inside(value, scope);
  return [...pointsAt(value, inner), ...Object.values(value).flatMap((child) => walk(child, inner))];
}

/** In the order of the source. Parses this one source only: what it imports is not read. */
export function branchPoints(source: string): BranchPoint[] {
  const input = {
    language: "Solidity",
    sources: { file: { content: source } },
    settings: { stopAfter: "parsing", outputSelection: { "*": { "": ["ast"] } } },
  };
  const { errors, sources } = compiled.parse(JSON.parse(compile(JSON.stringify(input))));
  const fatal = errors.find(({ severity }) => severity === "error");
  if (fatal !== undefined) throw new Error(fatal.formattedMessage);
  const points = walk(sources.file?.ast, { bytes: Buffer.from(source), within: "", block: undefined });
  return points.toSorted((a, b) => a.line - b.line);
}
