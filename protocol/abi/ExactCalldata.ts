// Made from the contracts by scripts/build/exportAbi.ts; do not edit.
export const exactCalldataAbi = [
  {"inputs":[{"internalType":"uint256","name":"length","type":"uint256"}],"name":"CalldataNotExact","type":"error"},
] as const;
