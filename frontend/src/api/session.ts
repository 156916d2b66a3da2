import { Store, useStore } from "../store";

/**
 * Who is signed in, by a token or by a cookie that no script sees (null), and which organization they view
 * (null: the only one they belong to).
 */
type Session = { token: string | null; organization: string | null };

/** How often the user's permissions may have changed. After each change, a new client loads everything again. */
export const changesOfRights = new Store(0);

const KEY = "polyhelm.session";

function kept(): Session | null {
  const text = sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY);
  return text ? (JSON.parse(text) as Session) : null;
}

export const session = new Store<Session | null>(kept());

/** By the cookie, which all pages of this browser share. */
export function signInByCookie(): void {
  const made: Session = { token: null, organization: null };
  localStorage.setItem(KEY, JSON.stringify(made));
  session.set(made);
}

/** With `keep`, the session survives the end of the browser. Without it, it ends with its tab. */
export function signIn(token: string, keep: boolean): void {
  const made: Session = { token, organization: null };
  (keep ? localStorage : sessionStorage).setItem(KEY, JSON.stringify(made));
  session.set(made);
}

export function signOut(): void {
  localStorage.removeItem(KEY);
  sessionStorage.removeItem(KEY);
  session.set(null);
}

export function chooseOrganization(organization: string): void {
  const present = session.get();
  if (!present) return;
  const changed = { ...present, organization };
  (localStorage.getItem(KEY) ? localStorage : sessionStorage).setItem(KEY, JSON.stringify(changed));
  session.set(changed);
}

/** The organization to send along with what asks for one. */
export function useOrganization(): string | null {
  return useStore(session)?.organization ?? null;
}
