// Rewrites a Solidity source so that each way of each branch leaves a mark when it is gone
import type { BranchPoint } from "./branchPoints.ts";

/** Hardhat's chain collects the words that are sent here as coverage, also from calls that revert later. */
const COLLECTOR = "0xc0bEc0BEc0BeC0bEC0beC0bEC0bEC0beC0beC0BE";
/** More than anything here copies out of an answer. */
const ANSWER_BYTES_KEPT = 4096;

/**
 * The library the rewritten sources import. Pure in name only, so that pure functions can call it. The code around a
 * mark must not see that it was there: the scratch word is put back, memory grows only at its end, and what the last
 * call returned is returned once more by the identity precompile.
 *
 * Assembly in a pure function can call nothing, so it keeps its marks in the word that is always zero, and the
 * statement after the block sends them and makes it zero again.
 */
export const MARK_LIBRARY = `// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

library BranchMark {
    function either(bool condition, uint256 id) internal pure returns (bool) {
        hit(condition ? id : id + 1);
        return condition;
    }

    function hit(uint256 id) internal pure {
        _pure(_send)(id);
    }

    function kept(uint256 id) internal pure {
        uint256 marks;
        assembly {
            marks := mload(0x60)
            mstore(0x60, 0)
        }
        for (; marks != 0; marks >>= 1) {
            if (marks & 1 == 1) hit(id);
            ++id;
        }
    }

    function _send(uint256 id) private view {
        assembly {
            let size := returndatasize()
            if gt(size, ${ANSWER_BYTES_KEPT}) {
                size := ${ANSWER_BYTES_KEPT}
            }
            let end := msize()
            if size {
                returndatacopy(end, 0, size)
            }
            let word := mload(0)
            mstore(0, id)
            pop(staticcall(gas(), ${COLLECTOR}, 0, 32, 0, 0))
            mstore(0, word)
            if size {
                pop(staticcall(gas(), 4, end, size, 0, 0))
            }
        }
    }

    function _pure(function(uint256) internal view f) private pure returns (function(uint256) internal pure g) {
        assembly {
            g := f
        }
    }
}
`;

const KEEP = `
            function branchMark(condition, bit) -> same {
                same := condition
                mstore(0x60, or(mload(0x60), shl(add(bit, iszero(condition)), 1)))
            }
`;

interface Insertion {
  readonly at: number;
  readonly text: string;
  /** Of several at one place: what closes comes first, the shortest first; then what opens, the longest first. */
  readonly order: number;
}

interface Marked {
  readonly place: BranchPoint["place"];
  /** The mark of the first way; the next number is that of the second. */
  readonly id: number;
}

const firstInBlock = (marked: readonly Marked[], opens: number): number =>
  Math.min(...marked.flatMap(({ place, id }) => (place.kind === "assembly" && place.opens === opens ? [id] : [])));

function around({ start, end }: { start: number; end: number }, call: string, mark: number): Insertion[] {
  const length = end - start;
  return [
    { at: start, text: `${call}(`, order: 1 / length },
    { at: end, text: `, ${mark})`, order: length - Number.MAX_SAFE_INTEGER },
  ];
}

function insertionsFor({ place, id }: Marked, all: readonly Marked[]): Insertion[] {
  switch (place.kind) {
    case "condition":
      return around(place, "BranchMark.either", id);
    case "blocks":
      return [place.first, place.second].map((block, side) => {
        return { at: block + 1, text: ` BranchMark.hit(${id + side}); `, order: 0 };
      });
    case "assembly": {
      const first = firstInBlock(all, place.opens);
      const frame = [
        { at: place.opens + 1, text: KEEP, order: 0 },
        { at: place.closed, text: ` BranchMark.kept(${first});`, order: 0 },
      ];
      return [...around(place, "branchMark", id - first), ...(id === first ? frame : [])];
    }
  }
}

/** Point `i` leaves the marks `firstId + 2 i` and the one after that. `library` is the path to import it from. */
export function markBranches(
  source: string,
  points: readonly BranchPoint[],
  { firstId, library }: { readonly firstId: number; readonly library: string },
): string {
  if (points.length === 0) return source;
  const marked = points.map(({ place }, index) => ({ place, id: firstId + 2 * index }));
  const insertions = marked
    .flatMap((one) => insertionsFor(one, marked))
    .toSorted((a, b) => a.at - b.at || a.order - b.order);
  const bytes = Buffer.from(source);
  let copied = 0;
  let text = "";
  for (const { at, text: inserted } of insertions) {
    text += bytes.subarray(copied, at).toString("utf8") + inserted;
    copied = at;
  }
  return `${text}${bytes.subarray(copied).toString("utf8")}\nimport {BranchMark} from "${library}";\n`;
}
