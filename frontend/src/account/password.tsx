import { type FormEvent, useState } from "react";
import { useQuery } from "urql";
import { useAction } from "../api/outcome";
import { AccountDocument, SetPasswordDocument } from "../graphql";
import { Glyph } from "../parts/glyph";
import { QueryResult, RefusalNote } from "../parts/states";

/** The user's password, if this server manages it. */
export function Password() {
  const [asked, ask] = useQuery({ query: AccountDocument });
  return (
    <QueryResult asked={asked} retry={ask}>
      {({ viewer }) => viewer?.source === "LOCAL" && <Change hasPassword={viewer.hasPassword} />}
    </QueryResult>
  );
}

function Change({ hasPassword }: { hasPassword: boolean }) {
  const { send, fetching, refusal } = useAction(SetPasswordDocument, "AccountPayload");
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [changed, setChanged] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setChanged(false);
    if (!(await send({ input: { password, currentPassword: hasPassword ? current : null } }))) return;
    setChanged(true);
    setCurrent("");
    setPassword("");
  }

  return (
    <form className="card padded stack" onSubmit={submit} aria-labelledby="password">
      <h2 id="password">Your password</h2>
      {hasPassword && (
        <div className="field">
          <label htmlFor="current-password">Current password</label>
          <input
            id="current-password"
            className="input slim"
            type="password"
            autoComplete="current-password"
            required
            value={current}
            onChange={(event) => setCurrent(event.target.value)}
          />
        </div>
      )}
      <div className="field">
        <label htmlFor="new-password">New password</label>
        <div className="row">
          <input
            id="new-password"
            className="input slim"
            type="password"
            autoComplete="new-password"
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
          <button type="submit" className="button" disabled={fetching}>
            {hasPassword ? "Change password" : "Set a password"}
          </button>
        </div>
      </div>
      <RefusalNote refusal={refusal} />
      {changed && (
        <div className="note good" role="status">
          <Glyph shape="check" />
          <p>Password changed. All other sessions were signed out.</p>
        </div>
      )}
    </form>
  );
}
