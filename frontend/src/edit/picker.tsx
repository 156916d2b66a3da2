import { useState } from "react";
import { useQuery } from "urql";
import { useAction } from "../api/outcome";
import { useOrganization } from "../api/session";
import { AddRepositoryDocument, ChartsDocument, UploadChartDocument } from "../graphql";
import { FormDialog } from "../parts/dialog";
import { Glyph } from "../parts/glyph";
import { Search } from "../parts/search";
import { EmptyState, QueryResult } from "../parts/states";

/** Which chart is to be deployed; and where there is none yet, how to get one. */
export function ChartPicker({ choose }: { choose: (chart: string) => void }) {
  const organization = useOrganization();
  const [search, setSearch] = useState("");
  const [open, setOpen] = useState<"repository" | "upload" | null>(null);
  const [asked, ask] = useQuery({
    query: ChartsDocument,
    variables: { organization, search: search || null },
  });
  const troubled = asked.data?.chartRepositories.filter((repository) => repository.error) ?? [];
  const ways = (
    <div className="row">
      <button type="button" className="button" onClick={() => setOpen("repository")}>
        Add a repository
      </button>
      <button type="button" className="button" onClick={() => setOpen("upload")}>
        Upload a chart
      </button>
    </div>
  );
  return (
    <>
      <Search label="Name or description" value={search} change={setSearch} />
      {troubled.map((repository) => (
        <div className="note warn" key={repository.id}>
          <Glyph shape="warning" />
          <p>
            {repository.name} could not be read: {repository.error}
          </p>
        </div>
      ))}
      <section className="card" aria-label="Charts">
        <header>
          <h2>Choose a chart</h2>
          {ways}
        </header>
        <QueryResult asked={asked} retry={ask}>
          {({ charts }) =>
            charts.length === 0 ? (
              <EmptyState title={search ? "Nothing matches" : "No charts yet"}>
                {!search && (
                  <p>Charts come from HTTP repositories, OCI registries, or a packaged chart (.tgz).</p>
                )}
              </EmptyState>
            ) : (
              <ul className="list charts">
                {charts.map((chart) => (
                  <li key={`${chart.repository}/${chart.name}`}>
                    <button type="button" onClick={() => choose(`${chart.repository}/${chart.name}`)}>
                      <span className="row apart">
                        <b>{chart.name}</b>
                        <span className="tag">{chart.repository}</span>
                      </span>
                      <span className="soft small">
                        {chart.version?.version}
                        {chart.version?.appVersion && ` (${chart.version.appVersion})`}
                        {chart.description && ` · ${chart.description}`}
                      </span>
                    </button>
                  </li>
                ))}
              </ul>
            )
          }
        </QueryResult>
      </section>
      {open === "repository" && <AddRepository close={() => setOpen(null)} />}
      {open === "upload" && <Upload close={() => setOpen(null)} choose={choose} />}
    </>
  );
}

function AddRepository({ close }: { close: () => void }) {
  const organization = useOrganization();
  const { send, fetching, refusal } = useAction(AddRepositoryDocument, "ChartRepositoryPayload");
  const [given, setGiven] = useState({ name: "", url: "", username: "", password: "" });
  async function submit() {
    const { name, url, username, password } = given;
    const input = { organization, name, url, username: username || null, password: password || null };
    if (await send({ input })) close();
  }
  const fields = [
    { key: "name", label: "Name", type: "text", required: true, hint: "" },
    { key: "url", label: "Address", type: "text", required: true, hint: "https://… or oci://…" },
    {
      key: "username",
      label: "User",
      type: "text",
      required: false,
      hint: "Only if the repository requires one.",
    },
    { key: "password", label: "Password", type: "password", required: false, hint: "" },
  ] as const;
  return (
    <FormDialog
      title="Add a chart repository"
      verb={fetching ? "Reading the repository…" : "Add"}
      disabled={fetching}
      refusal={refusal}
      submit={submit}
      close={close}
    >
      {fields.map(({ key, label, type, required, hint }) => (
        <div className="field" key={key}>
          <label htmlFor={`repository-${key}`}>{label}</label>
          <input
            id={`repository-${key}`}
            className="input"
            type={type}
            required={required}
            autoComplete="off"
            value={given[key]}
            onChange={(event) => setGiven({ ...given, [key]: event.target.value })}
          />
          {hint && <span className="hint">{hint}</span>}
        </div>
      ))}
    </FormDialog>
  );
}

function Upload({ close, choose }: { close: () => void; choose: (chart: string) => void }) {
  const organization = useOrganization();
  const { send, fetching, refusal } = useAction(UploadChartDocument, "UploadChartPayload");
  const [repository, setRepository] = useState("uploads");
  const [file, setFile] = useState<File | null>(null);
  async function submit() {
    if (!file) return;
    const done = await send({ input: { organization, repository, archive: await inBase64(file) } });
    if (done) choose(`${done.chart.repository}/${done.chart.name}`);
  }
  return (
    <FormDialog
      title="Upload a chart"
      verb={fetching ? "Checking the chart…" : "Upload"}
      disabled={fetching || !file}
      refusal={refusal}
      submit={submit}
      close={close}
    >
      <div className="field">
        <label htmlFor="archive">Packaged chart</label>
        <input
          id="archive"
          className="input"
          type="file"
          accept=".tgz,.tar.gz"
          required
          onChange={(event) => setFile(event.target.files?.[0] ?? null)}
        />
        <span className="hint">As created by `helm package`.</span>
      </div>
      <div className="field">
        <label htmlFor="into">Repository</label>
        <input
          id="into"
          className="input"
          required
          value={repository}
          onChange={(event) => setRepository(event.target.value)}
        />
      </div>
    </FormDialog>
  );
}

function inBase64(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve((reader.result as string).split(",", 2)[1] ?? "");
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
