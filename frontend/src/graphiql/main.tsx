import "./workers";
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "../styles/graphiql.css";
import { explorerPlugin } from "@graphiql/plugin-explorer";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { createRoot } from "react-dom/client";
import { session } from "../api/session";
import { theme } from "../theme";
import { Examples } from "./examples";
import { fetcherFor } from "./fetcher";
import tour from "./tour.json";

const chosen = theme.get();
const signedIn = session.get();

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
      {signedIn === null && (
        <span className="guest">not signed in: sign in there first, or set a header</span>
      )}
    </GraphiQL.Logo>
  </GraphiQL>,
);
