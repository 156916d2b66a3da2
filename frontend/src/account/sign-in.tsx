import { type FormEvent, useState } from "react";
import { clientFor } from "../api/client";
import { wordsOf } from "../api/outcome";
import { signIn } from "../api/session";
import { Mark } from "../frame";
import { ViewerDocument } from "../graphql";
import { Glyph } from "../parts/glyph";

/** Asks for an API token, and lets nobody in whose token the API does not know. */
export function SignIn() {
  const [token, setToken] = useState("");
  const [keep, setKeep] = useState(false);
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setAsking(true);
    const { data, error } = await clientFor(token.trim()).query(ViewerDocument, {}).toPromise();
    setAsking(false);
    if (data?.viewer) signIn(token.trim(), keep);
    else if (error?.networkError) setProblem(wordsOf(error));
    else setProblem("Nobody has this token. It may be mistyped, expired or revoked.");
  }

  return (
    <main className="gate">
      <form className="stack" onSubmit={submit}>
        <h1 className="brand">
          <Mark />
          Polyhelm
        </h1>
        <div className="card padded stack">
          <div className="field">
            <label htmlFor="token">API token</label>
            <input
              id="token"
              className="input mono"
              type="password"
              autoComplete="current-password"
              required
              value={token}
              aria-invalid={problem !== null}
              aria-describedby="token-hint"
              onChange={(event) => setToken(event.target.value)}
            />
            <span className="hint" id="token-hint">
              `make demo` prints one. An admin makes them for others.
            </span>
          </div>
          <label className="check">
            <input type="checkbox" checked={keep} onChange={(event) => setKeep(event.target.checked)} />
            Keep me signed in on this computer
          </label>
          {problem && (
            <div className="note bad" role="alert">
              <Glyph shape="cross" />
              {problem}
            </div>
          )}
          <button type="submit" className="button first" disabled={asking}>
            Sign in
          </button>
        </div>
      </form>
    </main>
  );
}
