import type { ReactNode } from "react";
import { Ago } from "../parts/time";

type Definition = {
  name: string;
  description: string | null;
  revision: number;
  updatedAt: string;
  current: { author: string } | null;
};

/** A workflow or a step definition in a list, with what can be done with it. */
export function DefinitionLine({
  definition: { name, description, revision, updatedAt, current },
  title,
  open,
}: {
  definition: Definition;
  title: ReactNode;
  open: (what: "change" | "delete") => void;
}) {
  return (
    <li>
      <div className="row apart">
        {title}
        <span className="row">
          <button type="button" className="button slim" onClick={() => open("change")}>
            Change<span className="hidden"> {name}</span>
          </button>
          <button type="button" className="button danger slim" onClick={() => open("delete")}>
            Delete<span className="hidden"> {name}</span>
          </button>
        </span>
      </div>
      {description && <p className="wrap">{description}</p>}
      <p className="soft small">
        revision {revision}, saved {current && `by ${current.author} `}
        <Ago at={updatedAt} />
      </p>
    </li>
  );
}
