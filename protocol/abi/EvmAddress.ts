// Made from the contracts by scripts/build/exportAbi.ts; do not edit.
export const evmAddressAbi = [
  {"inputs":[{"internalType":"bytes","name":"encoded","type":"bytes"}],"name":"EvmAddressNotCanonical","type":"error"},
] as const;
