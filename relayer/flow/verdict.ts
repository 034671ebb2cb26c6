/** Why a request was not taken. The rule id is stable; reason and fix are for people and never quote the input. */
export interface Refusal {
  readonly kind: "refused";
  readonly rule: string;
  readonly reason: string;
  readonly fix: string;
}

export const refuse = (rule: string, reason: string, fix: string): Refusal => ({ kind: "refused", rule, reason, fix });
