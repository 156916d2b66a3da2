import { type FormEvent, useState } from "react";
import { useQuery } from "urql";
import { useAction } from "../api/outcome";
import { CreateTokenDocument, RevokeTokenDocument, TokensDocument } from "../graphql";
import { Destroy } from "../parts/dialog";
import { Glyph } from "../parts/glyph";
import { Answer, Blank, Refused } from "../parts/states";
import { Ago } from "../parts/time";

/** The API tokens of whoever is signed in. */
export default function TokensPage() {
  const [asked, ask] = useQuery({ query: TokensDocument });
  const [revoking, setRevoking] = useState<string | null>(null);
  return (
    <>
      <div className="head">
        <div>
          <h1>Tokens</h1>
          <p className="soft">For the API, the command line and these pages. Each may do what you may.</p>
        </div>
      </div>
      <Make />
      <section className="card" aria-label="Your tokens">
        <Answer asked={asked} retry={ask}>
          {({ apiTokens }) =>
            apiTokens.length === 0 ? (
              <Blank title="You have no tokens" />
            ) : (
              <ul className="list">
                {apiTokens.map((token) => (
                  <li key={token.name}>
                    <div className="row apart">
                      <b>{token.name}</b>
                      <button
                        type="button"
                        className="button danger slim"
                        onClick={() => setRevoking(token.name)}
                      >
                        Revoke<span className="hidden"> {token.name}</span>
                      </button>
                    </div>
                    <span className="soft small">
                      made <Ago at={token.createdAt} />
                      {token.expiresAt && `, ends ${new Date(token.expiresAt).toLocaleString()}`}
                    </span>
                  </li>
                ))}
              </ul>
            )
          }
        </Answer>
      </section>
      {revoking !== null && <Revoke name={revoking} close={() => setRevoking(null)} />}
    </>
  );
}

function Make() {
  const { send, fetching, refusal } = useAction(CreateTokenDocument, "ApiTokenPayload");
  const [name, setName] = useState("");
  const [made, setMade] = useState<string | null>(null);
  async function submit(event: FormEvent) {
    event.preventDefault();
    const done = await send({ input: { name } });
    if (!done) return;
    setMade(done.token);
    setName("");
  }
  return (
    <form className="card padded stack" onSubmit={submit}>
      <div className="field">
        <label htmlFor="token-name">What the token is for</label>
        <div className="row">
          <input
            id="token-name"
            className="input slim"
            required
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
          <button type="submit" className="button first" disabled={fetching}>
            Make a token
          </button>
        </div>
      </div>
      <Refused refusal={refusal} />
      {made && (
        <div className="note good">
          <Glyph shape="check" />
          <div className="stack tight">
            <p>Copy it now: it is told this once.</p>
            <code className="wrap">{made}</code>
            <div>
              <button
                type="button"
                className="button slim"
                onClick={() => navigator.clipboard.writeText(made)}
              >
                Copy
              </button>
            </div>
          </div>
        </div>
      )}
    </form>
  );
}

function Revoke({ name, close }: { name: string; close: () => void }) {
  const { send, fetching, refusal } = useAction(RevokeTokenDocument, "RevokeApiTokenPayload");
  async function destroy() {
    if (await send({ input: { name } })) close();
  }
  return (
    <Destroy
      title={`Revoke ${name}`}
      name={name}
      verb="Revoke it"
      fetching={fetching}
      refusal={refusal}
      close={close}
      destroy={destroy}
    >
      <p>
        Whoever uses this token is refused from the next request on. If it is the one you signed in with, that
        is you.
      </p>
    </Destroy>
  );
}
