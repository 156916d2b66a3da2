import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import tour from "./tour.json";

/** The tour of the README, to be tried here: each example opens in a tab of its own. */
export function Examples() {
  const editor = useGraphiQL((state) => state.queryEditor);
  const { addTab } = useGraphiQLActions();
  function open(title: string) {
    const example = tour.find((one) => one.title === title);
    if (!example || !editor) return;
    addTab();
    // The new tab's own, empty, text is set when it is shown.
    setTimeout(() => editor.setValue(`# ${example.title}\n${example.query}`));
  }
  return (
    <select
      className="examples"
      aria-label="Examples"
      value=""
      disabled={!editor}
      onChange={(event) => open(event.target.value)}
    >
      <option value="" disabled>
        Examples
      </option>
      {tour.map((example) => (
        <option key={example.title}>{example.title}</option>
      ))}
    </select>
  );
}
