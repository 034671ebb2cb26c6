import { NotCanonical } from "../../protocol/canonical.ts";
import { decodeSubmission, requestId, SUBMISSION_BYTES_MAX, type Submission } from "../../protocol/request.ts";
import { refuse, type Refusal } from "./verdict.ts";

export interface Parsed {
  readonly kind: "parsed";
  readonly id: Uint8Array;
  readonly submission: Submission;
}

/** Stage one: bytes -> Request. Touches nothing. There is exactly one encoding of a request, so its hash is its name. */
export function request(bytes: Uint8Array): Parsed | Refusal {
  if (bytes.length > SUBMISSION_BYTES_MAX) {
    return refuse(
      "AP-010",
      `the request is larger than ${SUBMISSION_BYTES_MAX} bytes`,
      "send less content in one request",
    );
  }
  try {
    const submission = decodeSubmission(bytes);
    return { kind: "parsed", id: requestId(submission.bodyBytes), submission };
  } catch (error) {
    if (error instanceof NotCanonical) {
      return refuse(
        "AP-011",
        `the request is not in canonical form: ${error.reason}`,
        "encode it with the SDK (protocol/request.ts)",
      );
    }
    throw error;
  }
}
