import { Glyph } from "./glyph";

/** Why something cannot be done without a permission; undefined for those who have it. */
export function needs(permissions: string[], permission: string): string | undefined {
  if (permissions.includes(permission)) return undefined;
  return `You need the permission ${permission}. Ask an admin of the organization for it.`;
}

/** Replaces content that the user may not see. */
export function Forbidden({ reason }: { reason: string }) {
  return (
    <div className="note" role="status">
      <Glyph shape="minus" />
      <p>{reason}</p>
    </div>
  );
}
