/** Which group should be led where next; undefined when they are spread evenly enough. */
export interface Move {
  readonly partition: number;
  readonly from: string;
  readonly to: string;
}

/** A difference of one cannot be evened out; moving for it would go on for ever. */
const UNEVEN_MIN = 2;

/**
 * One step towards an even spread of leaders: from the server that leads the most to the one that leads the fewest and
 * holds an up-to-date replica. One step at a time: each move costs its partition a third of a second of appends.
 */
export function nextMove(
  groups: readonly {
    readonly partition: number;
    readonly leader: string | undefined;
    readonly replicas: readonly { readonly server: string; readonly current: boolean }[];
  }[],
): Move | undefined {
  const led = new Map<string, number>();
  for (const { leader, replicas } of groups) {
    if (leader === undefined) return undefined;
    led.set(leader, (led.get(leader) ?? 0) + 1);
    for (const { server, current } of replicas) if (current && !led.has(server)) led.set(server, 0);
  }
  const ascending = [...led].sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1));
  const most = ascending.at(-1);
  if (most === undefined) return undefined;
  for (const [to, count] of ascending) {
    if (most[1] - count < UNEVEN_MIN) return undefined;
    const group = groups.find(
      ({ leader, replicas }) => leader === most[0] && replicas.some(({ server, current }) => server === to && current),
    );
    if (group !== undefined) return { partition: group.partition, from: most[0], to };
  }
  return undefined;
}
