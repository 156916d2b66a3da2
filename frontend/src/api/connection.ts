import { Store } from "../store";

/** Whether the API can be reached. Whoever fails to reach it says so; then it is asked until it answers again. */
export const connection = new Store<"connected" | "reconnecting">("connected");

const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 4000;

export function lost(): void {
  if (connection.get() === "reconnecting") return;
  connection.set("reconnecting");
  void askUntilItAnswers();
}

async function askUntilItAnswers(): Promise<void> {
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    // Full jitter, so that a hundred open pages do not fall upon an API that has just come back.
    await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random() / 2)));
    const healthy = await fetch("/healthz", { cache: "no-store" }).then(
      (answer) => answer.ok,
      () => false,
    );
    if (healthy) {
      connection.set("connected");
      return;
    }
  }
}
