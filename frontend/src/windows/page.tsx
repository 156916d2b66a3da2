import "../styles/windows.css";
import { useMemo, useState } from "react";
import { useRefresh } from "../api/live";
import { useAction } from "../api/outcome";
import { useAnswer } from "../api/refetch";
import { useOrganization } from "../api/session";
import { type ChangeWindowLineFragment, ChangeWindowsDocument, DeleteChangeWindowDocument } from "../graphql";
import { useAddress } from "../parts/address";
import { Destroy } from "../parts/dialog";
import { needs } from "../parts/permission";
import { EmptyState, QueryResult } from "../parts/states";
import { Tabs } from "../parts/tabs";
import { Title } from "../parts/title";
import { toast } from "../parts/toast";
import { Calendar } from "./calendar";
import { addDays, dayOf, monthOf, startOfDay, textOf, type View, weekOf } from "./days";
import { WindowForm } from "./form";
import { Changes, WindowList } from "./list";

type Open = { what: "add" } | { what: "change" | "delete"; window: ChangeWindowLineFragment };

const VIEWS: { key: View; label: string }[] = [
  { key: "month", label: "Month" },
  { key: "week", label: "Week" },
  { key: "list", label: "List" },
];
const LISTED_DAYS = 60;

/** When targets may move to another generation: a calendar of the change windows, and the windows themselves. */
export default function WindowsPage() {
  const organization = useOrganization();
  const [params, change] = useAddress();
  const [open, setOpen] = useState<Open | null>(null);
  const view = VIEWS.find((one) => one.key === params.get("view"))?.key ?? "month";
  const today = startOfDay(new Date());
  const day = dayOf(params.get("day"), today);
  const range = useMemo(() => rangeOf(view, day), [view, textOf(day)]);
  const { asked, ask, refresh } = useAnswer(ChangeWindowsDocument, { organization, ...range });
  useRefresh("change_window", refresh);
  const close = () => {
    setOpen(null);
    refresh();
  };
  const memberships = asked.data?.memberships ?? [];
  const membership = memberships.find((one) => one.organization === organization) ?? memberships[0];
  const refused = membership && needs(membership.permissions, "windows.write");
  return (
    <>
      <div className="head">
        <div>
          <Title words="Change windows" />
          <p className="soft">When targets may move to another generation.</p>
        </div>
        <button
          type="button"
          className="button first"
          disabled={refused !== undefined}
          title={refused}
          onClick={() => setOpen({ what: "add" })}
        >
          Add window
        </button>
      </div>
      <QueryResult asked={asked} retry={ask} lines={8}>
        {({ changeWindows: { nodes: windows } }) =>
          windows.length === 0 ? (
            <section className="card">
              <EmptyState title="No change windows yet">
                <p>
                  Changes reach their targets at any time. Add a window to allow or deny them at certain
                  times.
                </p>
              </EmptyState>
            </section>
          ) : (
            <>
              <section className="card padded stack" aria-label="Openings and closings">
                <Tabs tabs={VIEWS} chosen={view} choose={(key) => change({ view: key })} label="View">
                  {view === "list" ? (
                    <Changes windows={windows} />
                  ) : (
                    <Calendar
                      view={view}
                      day={day}
                      today={today}
                      windows={windows}
                      go={(to) => change({ day: textOf(to) })}
                    />
                  )}
                </Tabs>
              </section>
              <WindowList
                windows={windows}
                refused={refused}
                open={(what, window) => setOpen({ what, window })}
              />
            </>
          )
        }
      </QueryResult>
      {open?.what === "add" && <WindowForm close={close} />}
      {open?.what === "change" && <WindowForm window={open.window} close={close} />}
      {open?.what === "delete" && <Delete window={open.window} close={close} />}
    </>
  );
}

/** The time whose openings are loaded. */
function rangeOf(view: View, day: Date): { start: string; end: string } {
  const days = view === "week" ? weekOf(day) : monthOf(day).flat();
  const [start, end] =
    view === "list" ? [new Date(), addDays(new Date(), LISTED_DAYS)] : [days[0]!, addDays(days.at(-1)!, 1)];
  return { start: start.toISOString(), end: end.toISOString() };
}

function Delete({ window, close }: { window: ChangeWindowLineFragment; close: () => void }) {
  const { send, fetching, refusal } = useAction(DeleteChangeWindowDocument, "DeleteChangeWindowPayload");
  async function destroy() {
    if (!(await send({ input: { id: window.id } }))) return;
    toast(`Change window ${window.name} deleted.`);
    close();
  }
  return (
    <Destroy
      title={`Delete the change window ${window.name}`}
      name={window.name}
      verb="Delete"
      fetching={fetching}
      refusal={refusal}
      close={close}
      destroy={destroy}
    >
      <p>Changes that it alone holds begin.</p>
    </Destroy>
  );
}
