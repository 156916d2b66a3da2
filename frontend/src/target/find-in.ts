const NAME = "found";
const MOST = 1000;

/** Marks each place in an element that has this text, whatever its case; returns the places. */
export function markAll(element: HTMLElement, text: string): Range[] {
  const places = text ? placesOf(element, text.toLowerCase()) : [];
  CSS.highlights?.set(NAME, new Highlight(...places));
  return places;
}

export function unmarkAll(): void {
  CSS.highlights?.delete(NAME);
}

function placesOf(element: HTMLElement, text: string): Range[] {
  const nodes: { node: Node; begin: number }[] = [];
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let whole = "";
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    nodes.push({ node, begin: whole.length });
    whole += node.nodeValue ?? "";
  }
  const lower = whole.toLowerCase();
  const places: Range[] = [];
  // Some letters are longer in lower case: then offsets would point to other text.
  if (lower.length !== whole.length) return places;
  let at = 0;
  /** The node with this offset. It is called with growing offsets. */
  const nodeAt = (offset: number) => {
    while (at + 1 < nodes.length && nodes[at + 1]!.begin <= offset) at++;
    return nodes[at]!;
  };
  for (
    let from = lower.indexOf(text);
    from >= 0 && places.length < MOST;
    from = lower.indexOf(text, from + text.length)
  ) {
    const range = document.createRange();
    const first = nodeAt(from);
    range.setStart(first.node, from - first.begin);
    const last = nodeAt(from + text.length - 1);
    range.setEnd(last.node, from + text.length - last.begin);
    places.push(range);
  }
  return places;
}
