/** A value that is being written. `isKept`: the secret has it already, and keeps it until another one is written. */
export type Entry = { key: string; value: string; isKept: boolean; isTakenAway: boolean };

export const blank = (key = ""): Entry => ({ key, value: "", isKept: false, isTakenAway: false });

export const kept = (key: string): Entry => ({ key, value: "", isKept: true, isTakenAway: false });

/** The data to send: new values, and null for removed ones; unchanged values are omitted. */
export function dataOf(entries: Entry[]): Record<string, string | null> {
  const data: Record<string, string | null> = {};
  for (const { key, value, isKept, isTakenAway } of entries) {
    if (isTakenAway) data[key] = null;
    else if (key && (value !== "" || !isKept)) data[key] = value;
  }
  return data;
}

/** Why entries cannot be sent, or null. */
export function problemOf(entries: Entry[]): string | null {
  const keys = entries.map(({ key }) => key).filter(Boolean);
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice) return `The key ${twice} is used twice.`;
  const nameless = entries.some(({ key, value }) => !key && value);
  return nameless ? "A value needs a key." : null;
}
