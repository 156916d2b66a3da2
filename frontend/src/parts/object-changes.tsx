import type { ChangedFieldFragment, DefinitionLineFragment, ObjectLinesFragment } from "../graphql";
import type { Json } from "../json";

const DEFINITION_ACTIONS: Record<DefinitionLineFragment["action"], string> = {
  CREATE: "is created",
  REPLACE: "is replaced",
};
const OBJECT_ACTIONS: Record<ObjectLinesFragment["nodes"][number]["action"], string> = {
  CREATE: "is created",
  CHANGE: "is changed",
  DELETE: "is deleted",
  UNKNOWN: "could not be compared",
};

/** What a plan does with the CustomResourceDefinitions of a chart on one cluster. */
export function DefinitionChanges({
  changes,
  cluster,
  open = false,
}: {
  changes: DefinitionLineFragment[];
  cluster: string;
  open?: boolean;
}) {
  if (changes.length === 0) return null;
  return (
    <details open={open}>
      <summary>CustomResourceDefinitions ({changes.length})</summary>
      <ul className="list" aria-label={`CustomResourceDefinitions on ${cluster}`}>
        {changes.map((change) => (
          <li key={change.name}>
            <p>
              <b className="wrap">{change.name}</b> {DEFINITION_ACTIONS[change.action]}
            </p>
            <p className="small">
              Versions: {change.servedVersions.length > 0 && <>{change.servedVersions.join(", ")} → </>}
              {change.plannedVersions.join(", ")}
            </p>
            {change.removedVersions.length > 0 && (
              <p className="note warn">
                Versions in use would be removed: {change.removedVersions.join(", ")}. Objects that are stored
                in them can no longer be read.
              </p>
            )}
            <Fields found={change.differences} leftOut={change.differencesLeftOut} />
          </li>
        ))}
      </ul>
    </details>
  );
}

/** What an upgrade changes in the live objects on one cluster. */
export function ObjectChanges({
  changes: { nodes, leftOut },
  cluster,
  open = false,
}: {
  changes: ObjectLinesFragment;
  cluster: string;
  open?: boolean;
}) {
  if (nodes.length === 0 && leftOut === 0) return null;
  return (
    <details open={open}>
      <summary>Changes of live objects ({nodes.length})</summary>
      <ul className="list" aria-label={`Live objects on ${cluster}`}>
        {nodes.map((change) => (
          <li key={`${change.kind}/${change.namespace}/${change.name}`}>
            <p>
              <b className="wrap">
                {change.kind} {change.namespace && `${change.namespace}/`}
                {change.name}
              </b>{" "}
              {OBJECT_ACTIONS[change.action]}
            </p>
            {change.reason && <p className="small wrap">{change.reason}</p>}
            <Fields found={change.differences} leftOut={change.differencesLeftOut} />
          </li>
        ))}
      </ul>
      {leftOut > 0 && <p className="soft small">{leftOut} objects were not compared.</p>}
    </details>
  );
}

function Fields({ found, leftOut }: { found: ChangedFieldFragment[]; leftOut: number }) {
  return (
    <>
      {found.map((field) => (
        <p key={field.path} className="small mono wrap">
          {field.path}: {written(field.live)} → {written(field.wanted)}
          {field.changedBy && ` (set by ${field.changedBy})`}
        </p>
      ))}
      {leftOut > 0 && <p className="soft small">{leftOut} more fields are not listed.</p>}
    </>
  );
}

function written(value: Json | null): string {
  if (value === null) return "none";
  return typeof value === "string" ? value : JSON.stringify(value);
}
