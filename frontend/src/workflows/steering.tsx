import { useState } from "react";
import { useAction } from "../api/outcome";
import {
  ApproveStepDocument,
  CancelRunDocument,
  RejectStepDocument,
  SignalWorkflowDocument,
  TerminateRunDocument,
} from "../graphql";
import type { Json } from "../json";
import { FormDialog } from "../parts/dialog";
import { needs } from "../parts/permission";
import { RefusalNote } from "../parts/states";
import { TextField } from "../parts/text-field";
import { Moment } from "../parts/time";
import { toast } from "../parts/toast";
import { payloadOf } from "./parameters";
import { Repeat } from "./repeat";
import type { Run, StepRun, Viewer } from "./types";

/** What can be done with a run in progress, and with one that has failed. */
export function Steering({ run, viewer }: { run: Run; viewer: Viewer }) {
  const [open, setOpen] = useState<"signal" | "terminate" | "retry" | null>(null);
  const cancel = useAction(CancelRunDocument, "WorkflowRunPayload");
  const cannotStart = needs(viewer.permissions, "workflows.start");
  const cannotSignal = needs(viewer.permissions, "workflows.signal");
  const close = () => setOpen(null);
  if (run.state === "SUCCEEDED") return null;
  if (run.state !== "RUNNING") {
    return (
      <>
        <button
          type="button"
          className="button first"
          disabled={!!cannotStart}
          title={cannotStart}
          onClick={() => setOpen("retry")}
        >
          Retry the failed steps
        </button>
        {open === "retry" && <Repeat run={run} path={null} close={close} />}
      </>
    );
  }
  return (
    <div className="stack tight">
      <div className="row">
        <button
          type="button"
          className="button"
          disabled={!!cannotSignal}
          title={cannotSignal}
          onClick={() => setOpen("signal")}
        >
          Send a signal
        </button>
        <button
          type="button"
          className="button danger"
          disabled={cancel.fetching || run.isCancelling || !!cannotStart}
          title={cannotStart}
          onClick={async () => {
            if (await cancel.send({ input: { run: run.id } })) toast("The run is being cancelled.");
          }}
        >
          Cancel the run
        </button>
        <button
          type="button"
          className="button danger"
          disabled={!!cannotStart}
          title={cannotStart}
          onClick={() => setOpen("terminate")}
        >
          Terminate
        </button>
      </div>
      <RefusalNote refusal={cancel.refusal} />
      {open === "signal" && <Signal run={run} name="" close={close} />}
      {open === "terminate" && <Terminate run={run} close={close} />}
    </div>
  );
}

function Terminate({ run, close }: { run: Run; close: () => void }) {
  const { send, fetching, refusal } = useAction(TerminateRunDocument, "WorkflowRunPayload");
  const [reason, setReason] = useState("");
  async function submit() {
    if (!(await send({ input: { run: run.id, reason: reason.trim() } }))) return;
    toast("The run was terminated.");
    close();
  }
  return (
    <FormDialog
      title="Terminate the run"
      verb="Terminate"
      destroys
      disabled={fetching || !reason.trim()}
      refusal={refusal}
      submit={submit}
      close={close}
    >
      <p>The run ends at once. Steps for failures do not run.</p>
      <TextField id="terminate-reason" label="Reason" value={reason} change={setReason} />
    </FormDialog>
  );
}

function Signal({ run, name, close }: { run: Run; name: string; close: () => void }) {
  const { send, fetching, refusal } = useAction(SignalWorkflowDocument, "WorkflowRunPayload");
  const [signal, setSignal] = useState(name);
  const [text, setText] = useState("");
  async function submit() {
    const payload: Json = payloadOf(text);
    if (!(await send({ input: { run: run.id, signal: signal.trim(), payload } }))) return;
    toast(`Signal ${signal.trim()} sent.`);
    close();
  }
  return (
    <FormDialog
      title="Send a signal"
      verb="Send"
      disabled={fetching || !signal.trim()}
      refusal={refusal}
      submit={submit}
      close={close}
    >
      <TextField id="signal" label="Signal" value={signal} change={setSignal} />
      <TextField
        id="signal-payload"
        label="Payload"
        hint="In YAML or JSON. Optional."
        value={text}
        change={setText}
      />
    </FormDialog>
  );
}

/** What a run waits for, with what a user can do about it. */
export function Waiting({ run, viewer }: { run: Run; viewer: Viewer }) {
  const [signal, setSignal] = useState<string | null>(null);
  const steps = new Map(run.steps.nodes.map((step) => [step.path, step]));
  return (
    <>
      {run.waiting.map(({ path, waitsFor }) => {
        const step = steps.get(path);
        if (!step) return null;
        if (waitsFor === "APPROVAL") return <Approval key={path} run={run} step={step} viewer={viewer} />;
        return (
          <div key={path} className="row wide">
            <span className="wrap">
              <b>{path}</b> waits {waitsFor === "SIGNAL" && `for the signal ${step.signal}`}
              {waitsFor === "RESULT" && "for a result from outside"}
              {waitsFor === "RUN" && "for a run"}
              {step.waitsUntil && (
                <>
                  {" "}
                  until <Moment at={step.waitsUntil} />
                </>
              )}
            </span>
            {waitsFor === "SIGNAL" && (
              <button
                type="button"
                className="button slim"
                disabled={!!needs(viewer.permissions, "workflows.signal")}
                title={needs(viewer.permissions, "workflows.signal")}
                onClick={() => setSignal(step.signal ?? "")}
              >
                Send {step.signal}
              </button>
            )}
          </div>
        );
      })}
      {signal !== null && <Signal run={run} name={signal} close={() => setSignal(null)} />}
    </>
  );
}

function Approval({ run, step, viewer }: { run: Run; step: StepRun; viewer: Viewer }) {
  const [comment, setComment] = useState("");
  const approve = useAction(ApproveStepDocument, "WorkflowRunPayload");
  const reject = useAction(RejectStepDocument, "WorkflowRunPayload");
  const fetching = approve.fetching || reject.fetching;
  const cannot =
    viewer.name === run.starter
      ? "The user who started the run cannot approve its steps."
      : needs(viewer.permissions, "workflows.approve");
  const { message } = step.inputs as { message: string };
  async function decide(action: typeof approve | typeof reject, words: string) {
    for (const each of [approve, reject]) each.dismiss();
    const input = { run: run.id, step: step.path, comment: comment.trim() || null };
    if (await action.send({ input })) toast(words);
  }
  return (
    <section className="stack tight" aria-label={`Approval of ${step.path}`}>
      <p className="wrap">
        <b>{step.path}</b> waits for an approval: {message}
      </p>
      {cannot ? (
        <p className="soft">{cannot}</p>
      ) : (
        <>
          <TextField id={`comment-${step.path}`} label="Comment" value={comment} change={setComment} />
          <div className="row">
            <button
              type="button"
              className="button first"
              disabled={fetching}
              onClick={() => decide(approve, `Step ${step.path} approved.`)}
            >
              Approve<span className="hidden"> {step.path}</span>
            </button>
            <button
              type="button"
              className="button danger"
              disabled={fetching}
              onClick={() => decide(reject, `Step ${step.path} rejected.`)}
            >
              Reject<span className="hidden"> {step.path}</span>
            </button>
          </div>
          <RefusalNote refusal={approve.refusal ?? reject.refusal} />
        </>
      )}
    </section>
  );
}
