import { type Column, Table } from "../parts/table";
import type { Container } from "./tree";

/** The containers of a pod, with the state of each. */
export function Containers({ containers }: { containers: Container[] }) {
  if (containers.length === 0) return null;
  return <Table label="Containers" columns={COLUMNS} rows={containers} keyOf={({ name }) => name} />;
}

const COLUMNS: Column<Container>[] = [
  {
    title: "Container",
    className: "wrap",
    cell: ({ name, init }) => (
      <>
        {name}
        {init && <span className="tag">init</span>}
      </>
    ),
  },
  { title: "State", label: "state", className: "wrap small", cell: stateOf },
  { title: "Restarts", label: "restarts", cell: ({ restarts }) => restarts },
  { title: "Image", label: "image", className: "mono wrap small", cell: ({ image }) => image },
];

function stateOf({ state, ready, reason, message, exitCode, previousExitCode }: Container): string {
  const words = [
    state === "RUNNING" ? (ready ? "Running" : "Running, not ready") : state.toLowerCase(),
    exitCode !== null && `exit code ${exitCode}`,
    reason,
    message,
    previousExitCode !== null && `the last run ended with exit code ${previousExitCode}`,
  ];
  return words.filter(Boolean).join(", ");
}
