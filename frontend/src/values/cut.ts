const END = 8;
const WORD = /[^-._/: ]/;

/** A part of a name. One that `stays` is not cut where there is no room. */
export interface Part {
  text: string;
  stays: boolean;
}

/**
 * The parts of a name that can be cut in between. Its end stays, and so does each word in which it differs from another
 * name that ends alike: two different names never look alike, however little room there is.
 */
export function partsOf(name: string, others: readonly string[] = []): Part[] {
  if (name.length <= 2 * END) return [{ text: name, stays: true }];
  const end = name.length - END;
  const tail = name.slice(end);
  const kept = new Set<number>();
  for (const other of others) {
    if (other === name || !other.endsWith(tail)) continue;
    let at = 0;
    while (at < end && name[at] === other[at]) at += 1;
    for (const each of wordAt(name, at, end)) kept.add(each);
  }
  const parts: Part[] = [];
  for (let at = 0; at < name.length; at += 1) {
    const stays = at >= end || kept.has(at);
    const last = parts.at(-1);
    if (last && last.stays === stays) last.text += name[at];
    else parts.push({ text: name[at]!, stays });
  }
  return parts;
}

/** The positions of the word at a position, before the end of the name. */
function wordAt(name: string, at: number, end: number): number[] {
  let from = Math.min(at, end - 1);
  let to = from + 1;
  while (from > 0 && WORD.test(name[from - 1]!)) from -= 1;
  while (to < end && WORD.test(name[to]!)) to += 1;
  return Array.from({ length: to - from }, (_, index) => from + index);
}
