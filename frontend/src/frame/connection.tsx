import { connection } from "../api/connection";
import { Glyph } from "../parts/glyph";
import { useStore } from "../store";

/** Says that the connection to the API is lost. The page keeps what it shows. */
export function Connection() {
  const state = useStore(connection);
  return (
    <div role="status">
      {state === "reconnecting" && (
        <div className="banner">
          <Glyph shape="warning" />
          The connection to Polyhelm is lost. This page may be out of date. Reconnecting…
        </div>
      )}
    </div>
  );
}
