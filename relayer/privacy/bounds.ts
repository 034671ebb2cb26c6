/** What sealed and wrapped bytes are bound to beside their chain, so that none can stand in another's place. */
export const PEPPER_BOUND = Uint8Array.of(1);
export const SLOTS_BOUND = Uint8Array.of(3);
export const BINDING_BOUND = Uint8Array.of(4);
