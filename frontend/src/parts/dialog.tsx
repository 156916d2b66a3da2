import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import type { Refusal } from "../api/outcome";
import { Refused } from "./states";

/** A dialog that is open as long as it is rendered. Escape and its own buttons close it. */
export function Dialog({
  title,
  large,
  close,
  children,
}: {
  title: string;
  large?: boolean;
  close: () => void;
  children: ReactNode;
}) {
  const shown = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = shown.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog ref={shown} className={large ? "large" : ""} aria-label={title} onCancel={close}>
      {children}
    </dialog>
  );
}

/** Asks for the name of what is to be destroyed before it is. `children` says what that means. */
export function Destroy({
  title,
  name,
  verb,
  fetching,
  refusal,
  close,
  destroy,
  children,
}: {
  title: string;
  name: string;
  verb: string;
  fetching: boolean;
  refusal: Refusal | null;
  close: () => void;
  destroy: () => void;
  children: ReactNode;
}) {
  const [typed, setTyped] = useState("");
  function submit(event: FormEvent) {
    event.preventDefault();
    if (typed === name) destroy();
  }
  return (
    <Dialog title={title} close={close}>
      <form onSubmit={submit}>
        <h2>{title}</h2>
        {children}
        <div className="field">
          <label htmlFor="destroy-name">
            Type <code>{name}</code> to go on
          </label>
          <input
            id="destroy-name"
            className="input mono"
            value={typed}
            autoComplete="off"
            onChange={(event) => setTyped(event.target.value)}
          />
        </div>
        <Refused refusal={refusal} />
        <div className="row apart">
          <button type="button" className="button" onClick={close}>
            Keep it
          </button>
          <button type="submit" className="button danger" disabled={typed !== name || fetching}>
            {verb}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
