import { useState } from "react";
import { Link } from "wouter";
import { useRefresh } from "../api/live";
import { useAction } from "../api/outcome";
import { usePages } from "../api/pages";
import { useOrganization } from "../api/session";
import { DeleteSecretDocument, type SecretLineFragment, SecretsDocument } from "../graphql";
import { deploymentPath, useAddress } from "../parts/address";
import { Destroy } from "../parts/dialog";
import { Listing } from "../parts/listing";
import { Search } from "../parts/search";
import { EmptyState } from "../parts/states";
import { Ago } from "../parts/time";
import { Title } from "../parts/title";
import { toast } from "../parts/toast";
import { AddSecret, ChangeSecret, KINDS } from "./change";

const SIZE = 50;

type Open = { what: "add" } | { what: "change" | "delete"; secret: SecretLineFragment };

/** Values that deployments refer to. What is in them is written here, and never shown. */
export default function SecretsPage() {
  const organization = useOrganization();
  const [params, change] = useAddress();
  const search = params.get("q") || null;
  const pages = usePages(SecretsDocument, { organization, search }, (data) => data.secrets, SIZE);
  useRefresh("secret deployment", pages.refresh);
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => {
    setOpen(null);
    pages.refresh();
  };
  const addButton = (
    <button type="button" className="button first" onClick={() => setOpen({ what: "add" })}>
      Add secret
    </button>
  );
  return (
    <>
      <div className="head">
        <div>
          <Title words="Secrets" />
          <p className="soft">Passwords and keys that deployments use in values.</p>
        </div>
        {addButton}
      </div>
      <Search label="Name or description" value={search ?? ""} change={(q) => change({ q })} />
      <section className="card" aria-label="Secrets">
        <Listing
          pages={pages}
          more="More secrets"
          blank={
            search ? (
              <EmptyState title="Nothing matches" />
            ) : (
              <EmptyState title="No secrets yet">
                <p>
                  Values can be read by everyone who can see the deployment. Values of secrets are sent to
                  clusters and never shown.
                </p>
              </EmptyState>
            )
          }
        >
          {(secrets) => (
            <ul className="list">
              {secrets.map((secret) => (
                <Line key={secret.id} secret={secret} open={(what) => setOpen({ what, secret })} />
              ))}
            </ul>
          )}
        </Listing>
      </section>
      {open?.what === "add" && <AddSecret close={close} />}
      {open?.what === "change" && <ChangeSecret secret={open.secret} close={close} />}
      {open?.what === "delete" && <Delete secret={open.secret} close={close} />}
    </>
  );
}

function Line({ secret, open }: { secret: SecretLineFragment; open: (what: "change" | "delete") => void }) {
  return (
    <li>
      <div className="row apart">
        <span className="row">
          <b className="wrap">{secret.name}</b>
          {secret.kind !== "OPAQUE" && <span className="tag">{KINDS[secret.kind].words}</span>}
          {secret.group && <span className="tag">for {secret.group.name}</span>}
        </span>
        <span className="row">
          <button type="button" className="button slim" onClick={() => open("change")}>
            Change<span className="hidden"> {secret.name}</span>
          </button>
          <button type="button" className="button danger slim" onClick={() => open("delete")}>
            Delete<span className="hidden"> {secret.name}</span>
          </button>
        </span>
      </div>
      {secret.description && <p className="wrap">{secret.description}</p>}
      <p className="soft small wrap">
        <code>{secret.keys.join(", ")}</code> · version {secret.version}, changed{" "}
        <Ago at={secret.updatedAt} />
      </p>
      <Users secret={secret} />
    </li>
  );
}

function Users({ secret }: { secret: SecretLineFragment }) {
  if (secret.usedBy.length === 0) return <p className="soft small">No deployment uses this secret.</p>;
  return (
    <p className="small wrap">
      Used by{" "}
      {secret.usedBy.map((deployment, index) => (
        <span key={deployment.id}>
          {index > 0 && ", "}
          <Link href={deploymentPath(deployment.group.name, deployment.releaseName)}>
            {deployment.group.name}/{deployment.releaseName}
          </Link>
        </span>
      ))}
    </p>
  );
}

function Delete({ secret, close }: { secret: SecretLineFragment; close: () => void }) {
  const { send, fetching, refusal } = useAction(DeleteSecretDocument, "DeleteSecretPayload");
  async function destroy() {
    if (!(await send({ input: { id: secret.id } }))) return;
    toast(`Secret ${secret.name} deleted.`);
    close();
  }
  return (
    <Destroy
      title={`Delete ${secret.name}`}
      name={secret.name}
      verb="Delete"
      fetching={fetching}
      refusal={refusal}
      close={close}
      destroy={destroy}
    >
      <p>The values are deleted permanently. Polyhelm keeps no copy.</p>
      <Users secret={secret} />
    </Destroy>
  );
}
