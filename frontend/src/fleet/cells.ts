import { useCallback, useEffect, useRef, useState } from "react";
import { useClient } from "urql";
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

    function asked(block: Block, requestPolicy: "cache-first" | "cache-and-network" | "network-only") {
      return client.query(FleetCellsDocument, { organization, ...block }, { requestPolicy });
    }

    function see(blocks: Block[]): void {
      const wanted = new Map(blocks.map((block) => [JSON.stringify(block), block]));
      for (const [key, unfollow] of followed) {
        if (wanted.has(key)) continue;
        unfollow();
        followed.delete(key);
      }
      for (const [key, block] of wanted) {
        if (followed.has(key)) continue;
        const source = asked(block, known.has(key) ? "cache-first" : "cache-and-network");
        known.add(key);
        const { unsubscribe } = source.subscribe(({ data }) => {
          if (data) take(block, data.fleet.cells);
        });
        followed.set(key, unsubscribe);
      }
    }

    /** Targets may have come or gone: what is seen is asked for once more, and all else when it is seen again. */
    async function refresh(): Promise<void> {
      known.clear();
      for (const key of [...followed.keys()]) {
        known.add(key);
        await asked(JSON.parse(key) as Block, "network-only").toPromise();
      }
    }

    seeing.current = { see, refresh: () => void refresh() };
    return () => {
      cancelAnimationFrame(frame);
      for (const unfollow of followed.values()) unfollow();
    };
  }, [client, organization]);

  const see = useCallback((blocks: Block[]) => seeing.current?.see(blocks), []);
  const refresh = useCallback(() => seeing.current?.refresh(), []);
  return { cells, see, refresh };
}
