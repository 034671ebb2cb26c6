import { ascii, concat } from "./bytes.ts";
import { categories, jurisdictions, retentionClasses, type ContentHeader } from "./request.ts";

const TAG = ascii("MIDC/v1 labels");

/**
 * The `context` of a sealed content (protocol/seal.ts): its clear labels, so that nobody can pass a medical content off
 * as a general one. "MIDC/v1 labels" || category (1) || jurisdiction (1) || retention class (1).
 */
export const contentContext = (labels: Pick<ContentHeader, "category" | "jurisdiction" | "retentionClass">) =>
  concat(
    TAG,
    Uint8Array.of(
      categories.indexOf(labels.category),
      jurisdictions.indexOf(labels.jurisdiction),
      retentionClasses.indexOf(labels.retentionClass),
    ),
  );
