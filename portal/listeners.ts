/** Those who want to hear that a value outside of React has changed, as `useSyncExternalStore` wants it. */
export function createListeners(): {
  readonly tell: () => void;
  readonly subscribe: (listener: () => void) => () => void;
} {
  const listeners = new Set<() => void>();
  return {
    tell() {
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
