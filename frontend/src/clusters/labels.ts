/** Labels as one writes them: `tier=production, team=web`. */
export function readLabels(text: string): { labels: Record<string, string> } | { problem: string } {
  const labels: Record<string, string> = {};
  for (const part of text.split(/[,\n]/).map((one) => one.trim())) {
    if (!part) continue;
    const at = part.indexOf("=");
    if (at < 1)
      return { problem: `“${part}” is not a valid label. Write labels like tier=production, team=web` };
    const key = part.slice(0, at).trim();
    if (key in labels) return { problem: `The label ${key} is used twice.` };
    labels[key] = part.slice(at + 1).trim();
  }
  return { labels };
}
