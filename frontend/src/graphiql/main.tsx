import "./workers";
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "../styles/graphiql.css";
import { explorerPlugin } from "@graphiql/plugin-explorer";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { createRoot } from "react-dom/client";
import { connection } from "../api/connection";
import { session } from "../api/session";
import { useStore } from "../store";
import { theme } from "../theme";
import { Examples } from "./examples";
import { fetcherFor } from "./fetcher";
import tour from "./tour.json";

const chosen = theme.get();
const signedIn = session.get();

/** Who is asking, where that is not whoever is signed in; and whether there is anybody to ask. */
function State() {
  const isLost = useStore(connection) === "reconnecting";
  return (
    <>
      {signedIn === null && (
        <span className="guest">not signed in: sign in there first, or set a header</span>
      )}
      <span className="guest" role="status">
        {isLost && "the connection is lost; reconnecting…"}
      </span>
    </>
  );
}

createRoot(document.getElementById("graphiql")!).render(
  <GraphiQL
    fetcher={fetcherFor(signedIn?.token ?? null)}
    plugins={[HISTORY_PLUGIN, explorerPlugin()]}
    forcedTheme={chosen === "system" ? undefined : chosen}
    defaultQuery={tour[0]?.query}
  >
    <GraphiQL.Logo>
      <Examples />
      <a href="/" className="home">
        Polyhelm
      </a>
      <State />
    </GraphiQL.Logo>
  </GraphiQL>,
);
