import { Suspense, useMemo, useState } from "react";
import { useQuery } from "urql";
import { useAction } from "../api/outcome";
import { useOrganization } from "../api/session";
import { SaveServiceDefinitionDocument, ServiceTextDocument } from "../graphql";
import { isObject } from "../json";
import { FormDialog } from "../parts/dialog";
import { later } from "../parts/later";
import { withPlaces } from "../parts/places";
import { Loading } from "../parts/states";
import { toast } from "../parts/toast";

const YamlEditor = later(() => import("../editor/yaml-editor"));

const NEW = `name: example
chart: {repository: https://charts.example.com, name: example}
versions:
  - version: 1.0.0
`;

/** The definition of a service as YAML, with completion and checks by the language's schema. The server checks it completely. */
export function ServiceForm({ name, close }: { name?: string; close: () => void }) {
  const organization = useOrganization();
  const { send, fetching, refusal } = useAction(SaveServiceDefinitionDocument, "ServicePayload");
  const [{ data }] = useQuery({
    query: ServiceTextDocument,
    variables: { organization, name: name ?? "" },
    requestPolicy: "network-only",
  });
  const [edited, setEdited] = useState<string | null>(null);
  const [first, setFirst] = useState<{ text: string; revision: number } | null>(null);
  const language = data?.serviceLanguage;
  const layers = useMemo(() => ({ below: {}, schema: isObject(language) ? language : null }), [language]);
  if (data && !first) {
    setFirst({ text: data.service?.definition ?? NEW, revision: data.service?.stored?.revision ?? 0 });
  }

  async function submit() {
    if (!first) return;
    const given = { organization, definition: edited ?? first.text, revision: first.revision };
    const saved = await send({ input: given });
    if (!saved) return;
    const { service } = saved;
    toast(`Revision ${service.stored?.revision} of the service ${service.name} saved.`);
    close();
  }
  return (
    <FormDialog
      title={name ? `Change the service ${name}` : "Add a service"}
      verb="Save"
      large
      disabled={fetching || !first}
      refusal={refusal && withPlaces(refusal)}
      submit={submit}
      close={close}
    >
      {first ? (
        <Suspense fallback={<Loading lines={6} />}>
          <YamlEditor
            label="Definition"
            text={first.text}
            change={setEdited}
            layers={layers}
            hint="# A definition. Press Ctrl-Space for suggestions."
          />
        </Suspense>
      ) : (
        <Loading lines={6} />
      )}
    </FormDialog>
  );
}
