/**
 * Three people who exist on every local chain, so that nobody needs a wallet to try things. Their keys are the well-known
 * development keys of local chains: public, and worth nothing anywhere.
 */
export const DEMO_PEOPLE = [
  { name: "Ana", key: "0x8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba" },
  { name: "Bo", key: "0x92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e" },
  { name: "Cleo", key: "0x4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356" },
] as const;
