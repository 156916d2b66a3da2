/** Saves a text as a file on the user's computer. */
export function save(name: string, ...texts: string[]): void {
  const address = URL.createObjectURL(new Blob(texts, { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
