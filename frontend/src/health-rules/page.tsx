import { useState } from "react";
import { useRefresh } from "../api/live";
import { useAction } from "../api/outcome";
import { usePages } from "../api/pages";
import { useOrganization } from "../api/session";
import { DeleteHealthRuleDocument, type HealthRuleLineFragment, HealthRulesDocument } from "../graphql";
import { Destroy } from "../parts/dialog";
import { Listing } from "../parts/listing";
import { EmptyState } from "../parts/states";
import { Ago } from "../parts/time";
import { Title } from "../parts/title";
import { toast } from "../parts/toast";
import { RuleForm } from "./form";

type Open = { what: "add" } | { what: "change" | "delete"; rule: HealthRuleLineFragment };

/** The rules by which an organization judges the health of objects. */
export default function HealthRulesPage() {
  const organization = useOrganization();
  const pages = usePages(HealthRulesDocument, { organization }, (data) => data.healthRules, 50);
  useRefresh("health_rule", pages.refresh);
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => {
    setOpen(null);
    pages.refresh();
  };
  return (
    <>
      <div className="head">
        <div>
          <Title words="Health rules" />
          <p className="soft">Expressions that judge the health of objects, for each kind.</p>
        </div>
        <button type="button" className="button first" onClick={() => setOpen({ what: "add" })}>
          Add rule
        </button>
      </div>
      <section className="card" aria-label="Health rules">
        <Listing
          pages={pages}
          more="More rules"
          blank={
            <EmptyState title="No health rules yet">
              <p>Polyhelm has rules for common kinds. Add a rule for other custom resources.</p>
            </EmptyState>
          }
        >
          {(rules) => (
            <ul className="list">
              {rules.map((rule) => (
                <Line key={rule.id} rule={rule} open={(what) => setOpen({ what, rule })} />
              ))}
            </ul>
          )}
        </Listing>
      </section>
      {open?.what === "add" && <RuleForm close={close} />}
      {open?.what === "change" && <RuleForm rule={open.rule} close={close} />}
      {open?.what === "delete" && <Delete rule={open.rule} close={close} />}
    </>
  );
}

function Line({ rule, open }: { rule: HealthRuleLineFragment; open: (what: "change" | "delete") => void }) {
  return (
    <li>
      <div className="row apart">
        <span className="row">
          <b className="wrap">{rule.kind}</b>
          <span className="soft wrap">{rule.group || "core"}</span>
          {rule.replacesPack && <span className="tag">replaces {rule.replacesPack}</span>}
        </span>
        <span className="row">
          <button type="button" className="button slim" onClick={() => open("change")}>
            Change<span className="hidden"> {rule.kind}</span>
          </button>
          <button type="button" className="button danger slim" onClick={() => open("delete")}>
            Delete<span className="hidden"> {rule.kind}</span>
          </button>
        </span>
      </div>
      <p className="wrap">
        <code>{rule.current}</code>
      </p>
      <p className="soft small">
        version {rule.version}, changed <Ago at={rule.updatedAt} />
      </p>
    </li>
  );
}

function Delete({ rule, close }: { rule: HealthRuleLineFragment; close: () => void }) {
  const { send, fetching, refusal } = useAction(DeleteHealthRuleDocument, "DeleteHealthRulePayload");
  async function destroy() {
    if (!(await send({ input: { id: rule.id } }))) return;
    toast(`Health rule for ${rule.kind} deleted.`);
    close();
  }
  return (
    <Destroy
      title={`Delete the rule for ${rule.kind}`}
      name={rule.kind}
      verb="Delete"
      fetching={fetching}
      refusal={refusal}
      close={close}
      destroy={destroy}
    >
      <p>
        {rule.replacesPack
          ? `${rule.kind} objects are then judged by the shipped pack ${rule.replacesPack}.`
          : `${rule.kind} objects are then judged by their conditions.`}
      </p>
    </Destroy>
  );
}
