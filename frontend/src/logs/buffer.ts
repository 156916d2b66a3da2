import type { LogLineFragment } from "../graphql";

/** An entry of a log with a number that stays the same while the entry is kept. */
export type Line = LogLineFragment & { number: number };

export type Kept = {
  lines: Line[];
  /** How many of the oldest lines are no longer kept. */
  letGo: number;
};

export const MOST_LINES = 20_000;
export const MOST_CHARACTERS = 8_000_000;

type Seen = { time: string; texts: Set<string> };

/**
 * The newest lines of a log in bounded memory. After a lost connection the server sends lines again: `resume` has those
 * that are here already passed over.
 */
export class Buffer {
  private lines: Line[] = [];
  private characters = 0;
  private letGo = 0;
  private count = 0;
  private last = new Map<string, Seen>();
  private before: Map<string, Seen> | null = null;

  constructor(
    private most = MOST_LINES,
    private mostCharacters = MOST_CHARACTERS,
  ) {}

  add(entries: readonly LogLineFragment[]): void {
    const added: Line[] = [];
    for (const entry of entries) {
      if (this.isRepeated(entry)) continue;
      added.push({ ...entry, number: this.count++ });
      this.characters += entry.text.length;
    }
    this.lines = this.lines.concat(added);
    this.trim();
  }

  /** From now on, lines that are not newer than those that are kept are passed over. */
  resume(): void {
    this.before = new Map(
      [...this.last].map(([source, seen]) => [source, { ...seen, texts: new Set(seen.texts) }]),
    );
  }

  /** The lines as they are now; what is added later does not change them. */
  kept(): Kept {
    return { lines: this.lines, letGo: this.letGo };
  }

  private isRepeated({ kind, pod, container, time, text }: LogLineFragment): boolean {
    if (kind !== "LINE" || time === null) return this.before !== null && kind === "JOINED";
    const source = `${pod}/${container}`;
    const seen = this.before?.get(source);
    if (seen && (isEarlier(time, seen.time) || (time === seen.time && seen.texts.has(text)))) return true;
    const last = this.last.get(source);
    if (last?.time === time) last.texts.add(text);
    else if (!last || isEarlier(last.time, time)) this.last.set(source, { time, texts: new Set([text]) });
    return false;
  }

  /** Lets the oldest tenth go when there are too many, so that this is rare. */
  private trim(): void {
    if (this.lines.length <= this.most && this.characters <= this.mostCharacters) return;
    let gone = 0;
    while (
      gone < this.lines.length &&
      (this.lines.length - gone > this.most * 0.9 || this.characters > this.mostCharacters * 0.9)
    )
      this.characters -= this.lines[gone++]!.text.length;
    this.letGo += gone;
    this.lines = this.lines.slice(gone);
  }
}

/** Times may have any number of digits after the second. */
function isEarlier(one: string, other: string): boolean {
  const [first, second] = [Date.parse(one), Date.parse(other)];
  return first === second ? fraction(one) < fraction(other) : first < second;
}

function fraction(time: string): string {
  return (/\.(\d+)/.exec(time)?.[1] ?? "").padEnd(9, "0");
}
