import type { Container } from "./tree";

/** The containers of a pod, with the state of each. */
export function Containers({ containers }: { containers: Container[] }) {
  if (containers.length === 0) return null;
  return (
    <div className="table folds">
      <table aria-label="Containers">
        <thead>
          <tr>
            <th scope="col">Container</th>
            <th scope="col">State</th>
            <th scope="col">Restarts</th>
            <th scope="col">Image</th>
          </tr>
        </thead>
        <tbody>
          {containers.map((container) => (
            <tr key={container.name}>
              <th scope="row" className="wrap">
                {container.name}
                {container.init && <span className="tag">init</span>}
              </th>
              <td data-label="state" className="wrap small">
                {stateOf(container)}
              </td>
              <td data-label="restarts">{container.restarts}</td>
              <td data-label="image" className="mono wrap small">
                {container.image}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

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
