/** What the server says of an attempt to sign in elsewhere, by the code in the address that it led back to. */
const PROBLEMS = new Map(
  Object.entries({
    oidc_unreachable: "The other system can't be reached at the moment.",
    oidc_expired: "That took too long, or was begun in another browser: try again.",
    oidc_refused: "The other system did not let you in.",
    oidc_failed: "What the other system says of you can't be believed. The server's log says why.",
    name_taken: "Your name belongs to another user here: ask an administrator.",
    name_not_fit: "Your name elsewhere can't be one here: ask an administrator.",
    user_disabled: "You may sign in no more: ask an administrator.",
    too_many_attempts: "Too many attempts from here: wait a minute, and try again.",
    rate_limited: "Too many attempts from here: wait a minute, and try again.",
    no_admin_yet: "There is no administrator yet: one of them has to be the first to sign in.",
  }),
);

/** The problem in an address, as words; null where there is none. */
export function problemIn(search: string): string | null {
  const code = new URLSearchParams(search).get("problem");
  return code && (PROBLEMS.get(code) ?? "Signing in did not work.");
}

/** Where somebody wanted to go before they were asked who they are. */
export function wayBackOf(path: string, search: string): string {
  const given = new URLSearchParams(search);
  if (!given.has("problem")) return path + search;
  const to = given.get("to") ?? "/";
  return /^\/(?![/\\])/.test(to) ? to : "/";
}

export const takenProblem = (): string | null => problemIn(window.location.search);
export const wayBack = (): string => wayBackOf(window.location.pathname, window.location.search);
