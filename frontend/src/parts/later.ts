import { type ComponentType, lazy } from "react";
import { lost, untilConnected } from "../api/connection";

const KEY = "polyhelm.anew";
const ONCE_IN = 60_000;

/**
 * A component whose script is loaded when it is shown. If that fails, the connection is lost or the server has a newer
 * version of the app: once the server answers, the whole page is reloaded. Importing the script again would not help,
 * because browsers remember failed imports.
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
