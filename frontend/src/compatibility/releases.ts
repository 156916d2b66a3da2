import type { IncompatibleReleaseLineFragment } from "../graphql";

export type Release = IncompatibleReleaseLineFragment;
type Incompatible = Release["objects"][number];

const OLDEST = 16;

/** The minor versions up to this one, the newest first. 1.16 was the first that removed API versions in wide use. */
export function versionsThrough(newest: string): string[] {
  const [major = "1", minor = "0"] = newest.split(".");
  const count = Math.max(Number(minor) - OLDEST + 1, 1);
  return Array.from({ length: count }, (_, index) => `${major}.${Number(minor) - index}`);
}

export const keyOf = ({ clusterName, groupName, releaseName }: Release): string =>
  `${clusterName}/${groupName}/${releaseName}`;

/** Whether a migration can be started: the release has a removed API version, and nothing stands against it. */
export const canBeMigrated = (release: Release): boolean =>
  release.obstacle === null && release.target !== null;

/** What a migration changes in the record of a release. */
export const changesOf = (release: Release): Incompatible[] =>
  release.objects.filter((each) => each.state === "REMOVED" && each.origin !== "CRD");

/** An object, its API version, and the one that replaces it. */
export function changeOf({ kind, name, apiVersion, replacement }: Incompatible): string {
  return `${kind} ${name}: ${apiVersion} → ${replacement ?? "no replacement"}`;
}
