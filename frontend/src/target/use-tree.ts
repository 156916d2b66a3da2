import { useEffect, useMemo } from "react";
import { useFresh, useRefresh } from "../api/live";
import { usePages } from "../api/pages";
import { useAnswer } from "../api/refetch";
import type { Target } from "../deployment/types";
import { TargetResourcesDocument, TargetTreeDocument } from "../graphql";
import { type Item, itemsOf } from "./tree";

const SIZE = 200;
/** How often the tree is read from the cluster, in milliseconds: pods have no events of their own. */
const HEALTHY_EVERY = 30_000;
const CHANGING_EVERY = 5_000;

/** The tree of a target: the stored resources, and what they own on the cluster. It follows the target's events. */
export function useTree(target: Target, release: string) {
  const { id, health } = target;
  const pages = usePages(
    TargetResourcesDocument,
    { id },
    ({ node }) => (node?.__typename === "DeploymentTarget" ? node.resources : null),
    SIZE,
  );
  const { asked: read, ask: retry, refresh } = useAnswer(TargetTreeDocument, { id });
  const stored = pages.asked.data;
  const isChanging = health !== "HEALTHY" || stored?.some(({ drift }) => drift === "UNKNOWN");
  function refreshAll(): void {
    pages.refresh();
    refresh();
  }
  useRefresh("target", refreshAll, id);
  useFresh(refreshAll, isChanging ? CHANGING_EVERY : HEALTHY_EVERY);
  useEffect(() => {
    if (pages.more && stored) pages.see(0, stored.length);
  }, [pages.more, pages.see, stored]);
  const node = read.data?.node;
  const tree = node?.__typename === "DeploymentTarget" ? node.tree : null;
  const items = useMemo<Item[]>(
    () => itemsOf({ name: release, health, since: target.healthSince }, stored ?? [], tree?.nodes ?? []),
    [release, health, target.healthSince, stored, tree],
  );
  return {
    items,
    asked: pages.asked,
    reload: pages.reload,
    problems: tree?.problems ?? [],
    /** Why the cluster cannot be read now. */
    error: read.error,
    retry: () => retry({ requestPolicy: "network-only" }),
    isRead: tree !== null,
  };
}
