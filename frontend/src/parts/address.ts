import { useCallback } from "react";
import { useSearchParams } from "wouter";

/** What a page shows is in its address, so that it can be shared. A change replaces the address, not the history. */
export function useAddress(): [URLSearchParams, (changes: Record<string, string | null>) => void] {
  const [params, setParams] = useSearchParams();
  const change = useCallback(
    (changes: Record<string, string | null>) =>
      setParams(
        (present) => {
          const next = new URLSearchParams(present);
          for (const [name, value] of Object.entries(changes)) {
            if (value) next.set(name, value);
            else next.delete(name);
          }
          return next;
        },
        { replace: true },
      ),
    [setParams],
  );
  return [params, change];
}

export const deploymentPath = (group: string, release: string): string =>
  `/deployments/${encodeURIComponent(group)}/${encodeURIComponent(release)}`;
export const targetPath = (group: string, release: string, cluster: string): string =>
  `${deploymentPath(group, release)}/targets/${encodeURIComponent(cluster)}`;
export const clusterPath = (name: string): string => `/clusters/${encodeURIComponent(name)}`;
export const workflowPath = (name: string): string => `/workflows/${encodeURIComponent(name)}`;
export const groupPath = (name: string): string => `/groups/${encodeURIComponent(name)}`;
