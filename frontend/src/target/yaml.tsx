import { Suspense, useEffect, useRef, useState } from "react";
import { useRefresh } from "../api/live";
import { useAnswer } from "../api/refetch";
import { ObjectYamlDocument } from "../graphql";
import { save } from "../parts/file";
import { later } from "../parts/later";
import { EmptyState, Loading, QueryResult } from "../parts/states";
import { toast } from "../parts/toast";
import { markAll, unmarkAll } from "./find-in";
import { named } from "./object-events";
import type { Item } from "./tree";

const YamlText = later(() => import("../editor/yaml-text"));

/** A live object as YAML. The data of Secrets is hidden by the server. */
export function ObjectYaml({ target, item }: { target: string; item: Item }) {
  const { asked, ask, refresh } = useAnswer(ObjectYamlDocument, { id: target, ...named(item) });
  useRefresh("target", refresh, target);
  return (
    <QueryResult asked={asked} retry={() => ask({ requestPolicy: "network-only" })}>
      {({ node }) => {
        const yaml = node?.__typename === "DeploymentTarget" ? node.liveObject?.liveYaml : null;
        // Without an answer yet, the cache gives what it has of the object.
        if (!yaml && asked.stale) return <Loading />;
        if (!yaml) return <EmptyState title="The cluster does not have this object" />;
        return (
          <Suspense fallback={<Loading />}>
            <Shown yaml={yaml} file={`${item.kind.toLowerCase()}-${item.name}.yaml`} refresh={refresh} />
          </Suspense>
        );
      }}
    </QueryResult>
  );
}

function Shown({ yaml, file, refresh }: { yaml: string; file: string; refresh: () => void }) {
  const [wanted, setWanted] = useState("");
  const [places, setPlaces] = useState<Range[]>([]);
  const [at, setAt] = useState(0);
  const text = useRef<HTMLElement>(null);

  useEffect(() => {
    if (!text.current) return;
    setPlaces(markAll(text.current, wanted));
    setAt(0);
    return unmarkAll;
  }, [wanted, yaml]);

  const place = places[at % Math.max(1, places.length)];
  useEffect(() => {
    place?.startContainer.parentElement?.scrollIntoView({ block: "nearest" });
  }, [place]);

  return (
    <>
      <div className="row">
        <input
          type="search"
          className="input slim"
          aria-label="Find in the YAML"
          placeholder="Find"
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter") setAt(at + 1);
          }}
        />
        <span className="soft small" role="status">
          {wanted && `${places.length} ${places.length === 1 ? "match" : "matches"}`}
        </span>
        <button type="button" className="button slim" onClick={refresh}>
          Refresh
        </button>
        <button
          type="button"
          className="button slim"
          onClick={() => navigator.clipboard.writeText(yaml).then(() => toast("The YAML was copied."))}
        >
          Copy
        </button>
        <button type="button" className="button slim" onClick={() => save(file, yaml)}>
          Download
        </button>
      </div>
      <YamlText text={yaml} ref={text} />
    </>
  );
}
