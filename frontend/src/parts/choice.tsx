import { useEffect, useId, useState } from "react";
import { type TypedDocumentNode, useQuery } from "urql";
import { useOrganization } from "../api/session";
import { GroupChoicesDocument } from "../graphql";

const PAUSE_MILLISECONDS = 250;

type Asking = { organization?: string | null; search?: string | null };
type Found<Node> = { nodes: Node[]; pageInfo: { hasNextPage: boolean } };

/** The first of what there is to choose from. Where that is not all, `seek` has the server find the rest. */
export function useChoices<Data, Variables extends Asking, Node extends { name: string }>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Omit<Variables, keyof Asking>,
  connectionOf: (data: Data) => Found<Node>,
) {
  const organization = useOrganization();
  const [sought, seek] = useState("");
  const [search, setSearch] = useState<string | null>(null);
  useEffect(() => {
    const pause = setTimeout(() => setSearch(sought || null), PAUSE_MILLISECONDS);
    return () => clearTimeout(pause);
  }, [sought]);
  const [asked, ask] = useQuery({
    query: document,
    variables: { ...variables, organization, search } as Variables,
  });
  const found = asked.data && connectionOf(asked.data);
  const isMore = search !== null || !!found?.pageInfo.hasNextPage;
  return { asked, ask, nodes: found?.nodes ?? [], isMore, seek };
}

export function useGroupChoices() {
  return useChoices(GroupChoicesDocument, {}, (data) => data.clusterGroups);
}

type Labelled = {
  id?: string;
  label?: string;
  value: string;
  change: (value: string) => void;
  none?: string;
};

type Props = Labelled & {
  choices: { nodes: { name: string }[]; isMore: boolean; seek: (text: string) => void };
};

/** One of what `choices` has, by its name; `none` says what it means that none is chosen, where that may be. */
export function Choice(props: Props) {
  if (props.choices.isMore) return <Find {...props} />;
  const { choices, ...rest } = props;
  return <OneOf {...rest} names={choices.nodes.map((one) => one.name)} />;
}

/** One of these names, or the chosen one if it is not among them; `none` is the text for no choice, if that is allowed. */
export function OneOf({ id, label, names, value, change, none }: Labelled & { names: readonly string[] }) {
  return (
    <select
      id={id}
      aria-label={label}
      className="input"
      value={value}
      onChange={(event) => change(event.target.value)}
    >
      {none !== undefined && <option value="">{none}</option>}
      {value && !names.includes(value) && <option>{value}</option>}
      {names.map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
}

/** There are too many for a list: what is typed finds them. It is chosen once it is the name of one. */
function Find({ id, label, choices, value, change, none }: Props) {
  const list = useId();
  const [typed, setTyped] = useState(value);
  const isOne = choices.nodes.some((one) => one.name === typed);
  // Typed text is selected when it is found, unless something else was selected in the meantime.
  useEffect(() => {
    if (isOne && typed !== value) change(typed);
  }, [isOne, typed]);
  useEffect(() => setTyped(value), [value]);
  function type(text: string) {
    setTyped(text);
    choices.seek(text);
    if (!text && none !== undefined) change("");
  }
  return (
    <>
      <input
        id={id}
        aria-label={label}
        className="input"
        list={list}
        autoComplete="off"
        value={typed}
        placeholder={none ?? "Type to search"}
        onChange={(event) => type(event.target.value)}
        onBlur={() => setTyped(value)}
      />
      <datalist id={list}>
        {choices.nodes.map((one) => (
          <option key={one.name} value={one.name} />
        ))}
      </datalist>
    </>
  );
}
