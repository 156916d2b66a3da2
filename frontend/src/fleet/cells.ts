import { useCallback, useEffect, useRef, useState } from "react";
import { useClient } from "urql";
import { oneAtATime, refetch } from "../api/refetch";
import { useOrganization } from "../api/session";
import { FleetCellsDocument, type FleetCellsQuery } from "../graphql";

export type Cell = FleetCellsQuery["fleet"]["cells"][number];

/** A row's cells by the deployment's id: null where it is not deployed, nothing where that is not known yet. */
export type Cells = Map<string, Cell | null>;

/** A piece of the matrix: the ids of some rows and columns. */
export type Block = { clusters: string[]; deployments: string[] };

type Seeing = { see: (blocks: Block[]) => void; refresh: () => void };

/**
 * The cells of the blocks that are seen, by the cluster's id. Only these are followed: the cache reads each block that is
 * followed again whenever something in it changes, and forty times 1,250 cells are too many for one frame.
 */
export function useFleetCells() {
  const client = useClient();
  const organization = useOrganization();
  const [cells, setCells] = useState<Map<string, Cells>>(() => new Map());
  const seeing = useRef<Seeing | null>(null);

  useEffect(() => {
    const found = new Map<string, Cells>();
    const followed = new Map<string, () => void>();
    const answered = new Set<string>();
    const known = new Set<string>();
    let frame = 0;

    function take({ clusters, deployments }: Block, answer: readonly Cell[]): void {
      const byCluster = Map.groupBy(answer, (cell) => cell.clusterId);
      for (const cluster of clusters) {
        const before = found.get(cluster);
        const now = new Map<string, Cell | null>(deployments.map((deployment) => [deployment, null]));
        for (const cell of byCluster.get(cluster) ?? []) now.set(cell.deploymentId, cell);
        // A row that stays as it was is not drawn again.
        if ([...now].some(([deployment, cell]) => before?.get(deployment) !== cell))
          found.set(cluster, new Map([...(before ?? []), ...now]));
      }
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => setCells(new Map(found)));
    }

    function follow(key: string, block: Block): void {
      const requestPolicy = known.has(key) ? "cache-first" : "cache-and-network";
      known.add(key);
      const source = client.query(FleetCellsDocument, { organization, ...block }, { requestPolicy });
      const { unsubscribe } = source.subscribe(({ data }) => {
        if (!data) return;
        answered.add(key);
        take(block, data.fleet.cells);
      });
      followed.set(key, unsubscribe);
    }

    function unfollow(key: string): void {
      followed.get(key)?.();
      followed.delete(key);
      answered.delete(key);
    }

    function see(blocks: Block[]): void {
      const wanted = new Map(blocks.map((block) => [JSON.stringify(block), block]));
      for (const key of [...followed.keys()]) if (!wanted.has(key)) unfollow(key);
      for (const [key, block] of wanted) if (!followed.has(key)) follow(key, block);
    }

    /** Targets may have been added or removed: visible cells are loaded again now, all others when they are seen again. */
    const refresh = oneAtATime(async () => {
      known.clear();
      for (const key of [...followed.keys()]) {
        const block = JSON.parse(key) as Block;
        const { data } = await refetch(client, FleetCellsDocument, { organization, ...block });
        if (!data || !followed.has(key)) continue;
        known.add(key);
        if (answered.has(key)) continue;
        // Without an answer nothing is followed yet.
        unfollow(key);
        follow(key, block);
      }
    });

    seeing.current = { see, refresh: () => void refresh() };
    return () => {
      cancelAnimationFrame(frame);
      for (const key of [...followed.keys()]) unfollow(key);
    };
  }, [client, organization]);

  const see = useCallback((blocks: Block[]) => seeing.current?.see(blocks), []);
  const refresh = useCallback(() => seeing.current?.refresh(), []);
  return { cells, see, refresh };
}
