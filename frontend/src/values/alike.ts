/** Items in the order of the first of each group. Items with the same key are one group; without one, each is its own. */
export function alike<Item>(items: Item[], keyOf: (item: Item) => string | null): [Item, ...Item[]][] {
  const groups: [Item, ...Item[]][] = [];
  const byKey = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const found = key === null ? undefined : byKey.get(key);
    if (found) {
      found.push(item);
      continue;
    }
    const group: [Item, ...Item[]] = [item];
    groups.push(group);
    if (key !== null) byKey.set(key, group);
  }
  return groups;
}
