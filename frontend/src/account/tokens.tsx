import { type FormEvent, type ReactNode, useId, useState } from "react";
import { useQuery } from "urql";
import { useAction } from "../api/outcome";
import { CreateTokenDocument, RevokeTokenDocument, type Role, TokensDocument } from "../graphql";
import { Destroy } from "../parts/dialog";
import { Glyph } from "../parts/glyph";
import { EmptyState, QueryResult, RefusalNote } from "../parts/states";
import { Ago } from "../parts/time";
import { Title } from "../parts/title";
import { Password } from "./password";
import { Sessions } from "./sessions";

/** The user's API tokens. */
export default function TokensPage() {
  const [asked, ask] = useQuery({ query: TokensDocument });
  const [revoking, setRevoking] = useState<string | null>(null);
  return (
    <>
      <div className="head">
        <div>
          <Title words="Tokens" />
          <p className="soft">For the API, the CLI and the app. Tokens never exceed your permissions.</p>
        </div>
      </div>
      <Make organizations={asked.data?.memberships.map((found) => found.organization) ?? []} />
      <section className="card" aria-labelledby="tokens">
        <header>
          <h2 id="tokens">Your tokens</h2>
        </header>
        <QueryResult asked={asked} retry={ask}>
          {({ apiTokens }) =>
            apiTokens.length === 0 ? (
              <EmptyState title="No tokens yet" />
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
                      {limits(token)}created <Ago at={token.createdAt} />,{" "}
                      {token.lastUsedAt ? (
                        <>
                          last used <Ago at={token.lastUsedAt} />
                        </>
                      ) : (
                        "never used"
                      )}
                      {token.expiresAt && `, ends ${new Date(token.expiresAt).toLocaleString()}`}
                    </span>
                  </li>
                ))}
              </ul>
            )
          }
        </QueryResult>
      </section>
      <Sessions />
      <Password />
      {revoking !== null && <Revoke name={revoking} close={() => setRevoking(null)} />}
    </>
  );
}

/** The limits of a token, as the beginning of a line. */
function limits({ role, organization }: { role: Role | null; organization: string | null }): string {
  const words = [role?.toLowerCase(), organization && `only in ${organization}`].filter(Boolean);
  return words.length > 0 ? `${words.join(" ")}, ` : "";
}

const ROLES = Object.keys({ VIEWER: 0, APPROVER: 0, DEPLOYER: 0, ADMIN: 0 } satisfies Record<
  Role,
  0
>) as Role[];
const LIVES = { "in 7 days": 7, "in 30 days": 30, "in 90 days": 90, "in a year": 365 };
const DAY = 86_400_000;

function Make({ organizations }: { organizations: string[] }) {
  const { send, fetching, refusal } = useAction(CreateTokenDocument, "ApiTokenPayload");
  const [name, setName] = useState("");
  const [organization, setOrganization] = useState("");
  const [role, setRole] = useState<Role | "">("");
  const [days, setDays] = useState("");
  const [made, setMade] = useState<string | null>(null);
  async function submit(event: FormEvent) {
    event.preventDefault();
    const expiresAt = days ? new Date(Date.now() + Number(days) * DAY).toISOString() : null;
    const done = await send({
      input: { name, organization: organization || null, role: role || null, expiresAt },
    });
    if (!done) return;
    setMade(done.token);
    setName("");
  }
  return (
    <form className="card padded stack" onSubmit={submit}>
      <div className="field">
        <label htmlFor="token-name">Name</label>
        <div className="row">
          <input
            id="token-name"
            className="input slim"
            required
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </div>
      </div>
      <div className="row">
        <Limit label="Scope" value={organization} change={setOrganization} all="Everywhere">
          {organizations.map((name) => (
            <option key={name} value={name}>
              Only {name}
            </option>
          ))}
        </Limit>
        <Limit
          label="Role"
          value={role}
          change={(value) => setRole(value as Role | "")}
          all="Same as my role"
        >
          {ROLES.map((name) => (
            <option key={name} value={name}>
              {name.toLowerCase()}
            </option>
          ))}
        </Limit>
        <Limit label="Expires" value={days} change={setDays} all="Never">
          {Object.entries(LIVES).map(([words, count]) => (
            <option key={count} value={count}>
              {words}
            </option>
          ))}
        </Limit>
      </div>
      <div>
        <button type="submit" className="button first" disabled={fetching}>
          Create token
        </button>
      </div>
      <RefusalNote refusal={refusal} />
      {made && (
        <div className="note good">
          <Glyph shape="check" />
          <div className="stack tight">
            <p>Copy the token now. It is shown only once.</p>
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

function Limit({
  label,
  value,
  change,
  all,
  children,
}: {
  label: string;
  value: string;
  change: (value: string) => void;
  all: string;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} className="input slim" value={value} onChange={(event) => change(event.target.value)}>
        <option value="">{all}</option>
        {children}
      </select>
    </div>
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
      verb="Revoke"
      fetching={fetching}
      refusal={refusal}
      close={close}
      destroy={destroy}
    >
      <p>Requests with this token will be refused. If you signed in with it, you will be signed out.</p>
    </Destroy>
  );
}
