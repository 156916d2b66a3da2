import { type ReactNode, useEffect, useRef } from "react";
import { useClient, useQuery } from "urql";
import { Link, useLocation } from "wouter";
import { connection } from "./api/connection";
import { useLive } from "./api/live";
import { chooseOrganization, session, signOut } from "./api/session";
import { SignOutDocument, ViewerDocument } from "./graphql";
import { useKeptFocus } from "./parts/focus";
import { Glyph } from "./parts/glyph";
import { Toasts } from "./parts/toast";
import { useStore } from "./store";
import { chooseTheme, type Theme, theme } from "./theme";

const PLACES = [
  {
    path: "/",
    name: "Fleet",
    icon: "M3 3h5v5H3zM12 3h5v5h-5zM3 12h5v5H3zM12 12h5v5h-5z",
    also: /^\/(deployments|create)/,
  },
  {
    path: "/clusters",
    name: "Clusters",
    icon: "M10 2.5 17 6v8l-7 3.5L3 14V6Zm0 7.5 7-4M10 10 3 6m7 4v7.5",
    also: /^\/(clusters|groups|register)/,
  },
  {
    path: "/secrets",
    name: "Secrets",
    icon: "M4.5 9h11v8h-11ZM7 9V6.5a3 3 0 0 1 6 0V9m-3 3.3v1.6",
    also: /^\/secrets/,
  },
  { path: "/activity", name: "Activity", icon: "M2.5 10h3.2l2.4-6 3.6 12 2.4-6h3.4", also: /^\/activity/ },
  {
    path: "/tokens",
    name: "Tokens",
    icon: "M12.5 3a4.5 4.5 0 1 1-3.2 7.7L3 17v-3l1.6-1.6",
    also: /^\/tokens/,
  },
];

export function Mark() {
  return (
    <svg
      viewBox="0 0 32 32"
      fill="none"
      stroke="currentColor"
      strokeWidth="2.4"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d="M16 3.5 26.2 8.4l2.5 11-7 8.8H10.3l-7-8.8 2.5-11Z" />
      <circle cx="16" cy="16.4" r="4" fill="currentColor" stroke="none" />
      <path
        d="M16 3.5v8.9M26.2 8.4l-7 5.5M28.7 19.4l-8.8-2M21.7 28.2l-3.9-8M10.3 28.2l3.9-8M3.3 19.4l8.8-2M5.8 8.4l7 5.5"
        strokeWidth="1.6"
      />
    </svg>
  );
}

/** What is around every page. */
export function Frame({ children }: { children: ReactNode }) {
  useLive();
  const [path] = useLocation();
  const page = useRef<HTMLElement>(null);
  const first = useRef(true);
  useKeptFocus(page);
  useEffect(() => {
    if (first.current) first.current = false;
    else page.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [path]);
  return (
    <div className="frame">
      <a className="skip" href="#page">
        Skip to the page
      </a>
      <div className="side">
        <Link href="/" className="brand">
          <Mark />
          Polyhelm
        </Link>
        <nav aria-label="Places">
          <ul>
            {PLACES.map((place) => (
              <li key={place.path}>
                <Link
                  href={place.path}
                  aria-current={path === place.path || place.also.test(path) ? "page" : undefined}
                >
                  <Icon path={place.icon} />
                  {place.name}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <Account />
      </div>
      <main id="page" className="page" ref={page} tabIndex={-1}>
        {children}
      </main>
      <Connection />
      <Toasts />
    </div>
  );
}

function Icon({ path }: { path: string }) {
  return (
    <svg
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={path} />
    </svg>
  );
}

/** Who is signed in, and how they look at things: at the side, or on a phone behind a button. */
function Account() {
  const client = useClient();
  async function leave() {
    if (session.get()?.token === null) await client.mutation(SignOutDocument, { input: {} }).toPromise();
    signOut();
  }
  const [{ data }] = useQuery({ query: ViewerDocument });
  const chosen = useStore(theme);
  const organization = useStore(session)?.organization;
  const memberships = data?.memberships ?? [];
  // Who belongs to several has to look at one of them: at the first, until another is chosen.
  const first = memberships.length > 1 ? memberships[0]?.organization : undefined;
  useEffect(() => {
    if (first && !organization) chooseOrganization(first);
  }, [first, organization]);
  return (
    <footer>
      <button type="button" className="narrow-only" popoverTarget="account">
        <Icon path="M10 3a3.3 3.3 0 1 1 0 6.6A3.3 3.3 0 0 1 10 3ZM3.5 17c.6-3.2 3.2-5 6.5-5s5.9 1.8 6.5 5" />
        Account
      </button>
      <div id="account" popover="auto">
        <a href="/graphiql">GraphiQL</a>
        {memberships.length > 1 && (
          <label className="field">
            <span className="label">Organization</span>
            <select
              className="input"
              value={organization ?? ""}
              onChange={(event) => chooseOrganization(event.target.value)}
            >
              {memberships.map((membership) => (
                <option key={membership.organization}>{membership.organization}</option>
              ))}
            </select>
          </label>
        )}
        <label className="field">
          <span className="label">Colours</span>
          <select
            className="input"
            value={chosen}
            onChange={(event) => chooseTheme(event.target.value as Theme)}
          >
            <option value="system">System</option>
            <option value="light">Light</option>
            <option value="dark">Dark</option>
          </select>
        </label>
        <div className="row apart">
          <span>{data?.viewer?.name}</span>
          <button type="button" className="button slim" onClick={leave}>
            Sign out
          </button>
        </div>
      </div>
    </footer>
  );
}

/** Shows while the API is out of reach. What is on the page stays, as of then. */
function Connection() {
  const state = useStore(connection);
  return (
    <div role="status">
      {state === "reconnecting" && (
        <div className="banner">
          <Glyph shape="warning" />
          The connection to Polyhelm is lost. What you see is as of then; reconnecting…
        </div>
      )}
    </div>
  );
}
