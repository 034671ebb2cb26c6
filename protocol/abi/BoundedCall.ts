// Made from the contracts by scripts/build/exportAbi.ts; do not edit.
export const boundedCallAbi = [
] as const;
