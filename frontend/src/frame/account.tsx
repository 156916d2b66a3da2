import { useEffect } from "react";
import { useClient, useQuery } from "urql";
import { chooseOrganization, session, signOut } from "../api/session";
import { SignOutDocument, ViewerDocument } from "../graphql";
import { useStore } from "../store";
import { chooseTheme, type Theme, theme } from "../theme";
import { Icon } from "./icon";

/** The user, the organization and the colors: in the sidebar, or on a narrow screen behind a button. */
export function Account() {
  const client = useClient();
  async function leave() {
    if (session.get()?.token === null) await client.mutation(SignOutDocument, { input: {} }).toPromise();
    signOut();
  }
  const [{ data }] = useQuery({ query: ViewerDocument });
  const chosen = useStore(theme);
  const organization = useStore(session)?.organization;
  const memberships = data?.memberships ?? [];
  // The API needs the name of one organization if the user belongs to several.
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
          <span className="label">Theme</span>
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
