import { type ComponentType, lazy } from "react";
import { lost, untilConnected } from "../api/connection";

const KEY = "polyhelm.anew";
const ONCE_IN = 60_000;

/**
 * A component whose script is loaded when it is shown. Where it does not come, the connection is lost, or the server has
 * newer pages than this one: once the server answers, all is loaded anew. A browser may remember what has failed, so
 * that to import it again is no use.
 */
export function later<Props>(load: () => Promise<{ default: ComponentType<Props> }>) {
  return lazy(() => load().catch(loadAnew));
}

async function loadAnew(error: unknown): Promise<never> {
  lost();
  await untilConnected();
  if (Date.now() - Number(sessionStorage.getItem(KEY)) < ONCE_IN) throw error;
  sessionStorage.setItem(KEY, String(Date.now()));
  window.location.reload();
  return new Promise(() => {});
}
