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

/** Says whose token is used if it is not that of the signed-in user, and whether the API is reachable. */
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
