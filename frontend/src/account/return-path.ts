/** Why a sign-in at an identity provider failed, by the code in the address of the redirect. */
const PROBLEMS = new Map(
  Object.entries({
    oidc_unreachable: "The identity provider is unreachable.",
    oidc_expired: "The sign-in took too long or was started in another browser. Try again.",
    oidc_refused: "The identity provider refused the sign-in.",
    oidc_failed: "The identity provider's answer could not be verified. The server's log has the reason.",
    name_taken: "Your name already belongs to another user. Ask an administrator.",
    name_not_fit: "Your name is not a valid user name in Polyhelm. Ask an administrator.",
    user_disabled: "Your account is disabled. Ask an administrator.",
    too_many_attempts: "Too many attempts. Wait a minute and try again.",
    rate_limited: "Too many attempts. Wait a minute and try again.",
    no_admin_yet: "There is no administrator yet. An administrator must sign in first.",
  }),
);

/** The message for the code in an address; null if it has none. */
export function problemIn(search: string): string | null {
  const code = new URLSearchParams(search).get("problem");
  return code && (PROBLEMS.get(code) ?? "Sign-in failed.");
}

/** The path to open after the sign-in. */
export function returnPathOf(path: string, search: string): string {
  const given = new URLSearchParams(search);
  if (!given.has("problem")) return path + search;
  const to = given.get("to") ?? "/";
  return /^\/(?![/\\])/.test(to) ? to : "/";
}

export const signInProblem = (): string | null => problemIn(window.location.search);
export const returnPath = (): string => returnPathOf(window.location.pathname, window.location.search);
