/** What a deployment is for, in a line. */
export function Description({ text, change }: { text: string; change: (text: string) => void }) {
  return (
    <div className="field">
      <label htmlFor="description">Description</label>
      <input
        id="description"
        className="input"
        value={text}
        maxLength={1000}
        placeholder="Description"
        onChange={(event) => change(event.target.value)}
      />
    </div>
  );
}
