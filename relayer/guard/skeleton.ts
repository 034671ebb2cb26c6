import { confusables } from "./confusables.ts";

/** What a text looks like at a glance (UTS #39 section 4), with marks dropped and i, l, 1 and o, 0 taken as one. */

const prototypes = new Map(
  confusables.flatMap(([prototype, characters]) =>
    Array.from(characters, (character) => [character, prototype] as const),
  ),
);

export function skeletonOf(text: string): string {
  // Twice: lower case of a look-alike capital is a letter that has look-alikes of its own.
  const once = replaceConfusables(text).toLowerCase();
  return replaceConfusables(once).toLowerCase().replace(/[il1]/gu, "l").replace(/0/gu, "o");
}

/** Every spelling by case that can be told apart by shape only: MIDCHAIN and midchain have different look-alikes. */
export const skeletonsOf = (text: string): ReadonlySet<string> =>
  new Set([text, text.toLowerCase(), text.toUpperCase()].map(skeletonOf));

const replaceConfusables = (text: string): string =>
  Array.from(text.normalize("NFD").replace(/\p{M}/gu, ""), (character) => prototypes.get(character) ?? character).join(
    "",
  );
