import { type FormEvent, useEffect, useState } from "react";
import { clientFor } from "../api/client";
import { wordsOf } from "../api/outcome";
import { session, signIn, signInByCookie } from "../api/session";
import { Mark } from "../frame/mark";
import {
  RegisterDocument,
  SignInDocument,
  SignInOptionsDocument,
  type SignInOptionsQuery,
  ViewerDocument,
} from "../graphql";
import { Glyph } from "../parts/glyph";
import { Loading } from "../parts/states";
import { returnPath, signInProblem } from "./return-path";

type Options = SignInOptionsQuery["signInOptions"];

/** Continues with an existing session, or shows the sign-in form. */
export function SignIn() {
  const [options, setOptions] = useState<Options | null>(null);
  const [byToken, setByToken] = useState(false);
  const [problem, setProblem] = useState(signInProblem);

  useEffect(() => {
    clientFor(null)
      .query(SignInOptionsDocument, {})
      .toPromise()
      .then(({ data }) => {
        if (data?.viewer) signInByCookie();
        else setOptions(data?.signInOptions ?? { registration: false, setupCode: false, providers: [] });
      });
    // After the sign-in, the address is the one that was requested, without the code of an earlier problem.
    return session.follow(() => {
      if (session.get()) window.history.replaceState(null, "", returnPath());
    });
  }, []);

  return (
    <main className="gate">
      <div className="stack">
        <h1 className="brand">
          <Mark />
          Polyhelm
        </h1>
        <div className="card padded stack">
          {options === null && <Loading lines={3} />}
          {options?.providers.map((provider) => (
            <a
              key={provider.path}
              className="button"
              href={`${provider.path}?to=${encodeURIComponent(returnPath())}`}
            >
              {provider.label}
            </a>
          ))}
          {options && !byToken && <WithPassword {...options} report={setProblem} />}
          {options && byToken && <WithToken report={setProblem} />}
          {problem && (
            <div className="note bad" role="alert">
              <Glyph shape="cross" />
              {problem}
            </div>
          )}
          {options && (
            <button
              type="button"
              className="button slim"
              onClick={() => {
                setByToken(!byToken);
                setProblem(null);
              }}
            >
              {byToken ? "Use name and password" : "Use an API token"}
            </button>
          )}
        </div>
      </div>
    </main>
  );
}

type Report = (problem: string | null) => void;

type PasswordProps = Pick<Options, "registration" | "setupCode"> & { report: Report };

function WithPassword({ registration, setupCode, report }: PasswordProps) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [asking, setAsking] = useState(false);

  async function register(): Promise<boolean> {
    const { data, error } = await clientFor(null)
      .mutation(RegisterDocument, { input: { name, password, setupCode: setupCode ? code : null } })
      .toPromise();
    const answer = data?.register;
    if (answer?.__typename === "RegisterPayload") return true;
    const problems = answer && "problems" in answer ? answer.problems : [];
    report(problems.map((found) => found.message).join(" ") || (answer?.message ?? wordsOf(error)));
    return false;
  }

  async function submit(event: FormEvent, isNew: boolean) {
    event.preventDefault();
    report(null);
    setAsking(true);
    if (!isNew || (await register())) {
      const { data, error } = await clientFor(null)
        .mutation(SignInDocument, { input: { name, password } })
        .toPromise();
      const answer = data?.signIn;
      if (answer?.__typename === "SignInPayload") return signInByCookie();
      report(answer?.message ?? wordsOf(error));
    }
    setAsking(false);
  }

  return (
    <form className="stack" onSubmit={(event) => submit(event, registration)}>
      {registration && (
        <p className="hint">
          {setupCode
            ? "This installation has no users yet. Register as its admin with the setup code that the server printed."
            : "Choose a name and a password to create an account."}
        </p>
      )}
      <div className="field">
        <label htmlFor="name">Name</label>
        <input
          id="name"
          className="input"
          autoComplete="username"
          autoCapitalize="none"
          required
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </div>
      <div className="field">
        <label htmlFor="password">Password</label>
        <input
          id="password"
          className="input"
          type="password"
          autoComplete={registration ? "new-password" : "current-password"}
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
      </div>
      {setupCode && (
        <div className="field">
          <label htmlFor="setup-code">Setup code</label>
          <input
            id="setup-code"
            className="input mono"
            autoComplete="off"
            required
            value={code}
            aria-describedby="setup-code-hint"
            onChange={(event) => setCode(event.target.value)}
          />
          <span className="hint" id="setup-code-hint">
            <code>polyhelm setup-code</code> on the server prints a new one.
          </span>
        </div>
      )}
      <div className="row">
        <button type="submit" className="button first" disabled={asking}>
          {registration ? "Register" : "Sign in"}
        </button>
        {registration && (
          <button
            type="button"
            className="button"
            disabled={asking}
            onClick={(event) => submit(event, false)}
          >
            Sign in
          </button>
        )}
      </div>
    </form>
  );
}

function WithToken({ report }: { report: Report }) {
  const [token, setToken] = useState("");
  const [keep, setKeep] = useState(false);
  const [asking, setAsking] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setAsking(true);
    const { data, error } = await clientFor(token.trim()).query(ViewerDocument, {}).toPromise();
    setAsking(false);
    if (data?.viewer) signIn(token.trim(), keep);
    else if (error?.networkError) report(wordsOf(error));
    else report("This token is not valid. It may be mistyped, expired or revoked.");
  }

  return (
    <form className="stack" onSubmit={submit}>
      <div className="field">
        <label htmlFor="token">API token</label>
        <input
          id="token"
          className="input mono"
          type="password"
          autoComplete="off"
          required
          value={token}
          aria-describedby="token-hint"
          onChange={(event) => setToken(event.target.value)}
        />
        <span className="hint" id="token-hint">
          `make demo` prints one. Otherwise, ask an admin for a token.
        </span>
      </div>
      <label className="check">
        <input type="checkbox" checked={keep} onChange={(event) => setKeep(event.target.checked)} />
        Keep me signed in on this computer
      </label>
      <button type="submit" className="button first" disabled={asking}>
        Sign in
      </button>
    </form>
  );
}
