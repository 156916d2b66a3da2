"""Checks a definition when it is saved: its structure, its steps, and every expression against the schemas of the
parameters and of the outputs of earlier steps.

The cost of compiling expressions and of schemas has no bound, so definitions of users are checked in a process that
may be killed.
"""

from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.cel.kinds import Basic, Kind, ListOf, Record
from app.releases.expressions import problems as text_problems
from app.releases.expressions import uses
from app.rollouts.durations import duration
from app.workflows.definition import Definition, StepTemplate, all_steps, dependencies, in_order
from app.workflows.expansion import Documents, step_type_of
from app.workflows.expressions import Texts, Visible, condition_problem, constant, identifier_problem, needs_expression
from app.workflows.fitting import fitting_problems, kind_of_value
from app.workflows.language import MAX_DEPTH, MAX_EXPRESSIONS, MAX_STEPS, structure_problems
from app.workflows.schemas import Part, kind_of, kind_of_parameters, maybe, properties, schema_problem
from app.workflows.step_types import CONDITIONS, STEP_TYPES, StepType

MAX_PROBLEMS = 50
Path = tuple[str, ...]
Found = Iterator[tuple[Path, str]]
Seen = Generator[tuple[Path, str], None, dict[str, Kind]]
"""Yields problems, and returns what later steps see, by name."""

_NONE: Documents = {}
_ERROR = Record({"code": Basic.TEXT, "message": Basic.TEXT})
_GROUPS = ("sequence", "parallel")


def definition_problems(document: Any, composed: Documents = _NONE) -> list[tuple[Path, str]]:
    """What is wrong with a definition: places and messages, at most `MAX_PROBLEMS`. `composed` has the step definitions
    that it can use. Each check expects a definition that the earlier ones accept."""
    for look in _CHECKS:
        found = []
        for problem in look(document, composed):
            found.append(problem)
            if len(found) == MAX_PROBLEMS:
                break
        if found:
            return found
    return []


# What each step says by itself


def _shape_problems(document: Any, composed: Documents) -> Found:
    """Each step has a type or is a group, its durations are valid, and there are not too many steps."""
    steps = list(_all_written(document))
    if len(steps) > MAX_STEPS:
        yield ("steps",), f"There are {len(steps):,} steps, and a definition has at most {MAX_STEPS}."
        return
    names = Counter(step["name"] for _, step, _ in steps)
    for path, step, depth in steps:
        if depth > MAX_DEPTH:
            yield path, f"Groups can be nested at most {MAX_DEPTH} deep."
        if names[step["name"]] > 1:
            yield (*path, "name"), f"There are {names[step['name']]} steps with the name {step['name']}."
        kinds = [key for key in ("type", *_GROUPS) if key in step]
        if len(kinds) != 1:
            yield path, "A step must have exactly one of `type`, `sequence` and `parallel`."
        elif "retry" in step and step.get("type") in composed:
            yield (*path, "retry"), f"{step['type']} is a step definition, and its own steps have `retry`."
        elif kinds != ["type"]:
            yield from (((*path, key), f"A group cannot have `{key}`.") for key in ("inputs", "retry") if key in step)
        for key, text in (("timeout", step.get("timeout")), ("backoff", step.get("retry", {}).get("backoff"))):
            if text is not None:
                yield from _duration_problems((*path, *(("retry",) if key == "backoff" else ()), key), text)


def _all_written(document: Any) -> Iterator[tuple[Path, dict[str, Any], int]]:
    """The steps with their places and depths."""
    for key in ("steps", "onCancel"):
        yield from _written_steps(document.get(key, []), (key,), 1)


def _written_steps(steps: list[Any], path: Path, depth: int) -> Iterator[tuple[Path, dict[str, Any], int]]:
    for index, step in enumerate(steps):
        here = (*path, str(index))
        yield here, step, depth
        for key in (*_GROUPS, "onFailure"):
            yield from _written_steps(step.get(key, []), (*here, key), depth + 1)


def _duration_problems(path: Path, text: str) -> Found:
    try:
        if not duration(text):
            yield path, "Must be longer than 0 seconds."
    except ValueError as error:
        yield path, str(error)


def _order_problems(document: Any, _composed: Documents) -> Found:
    """Steps depend on steps of their group, and not on each other in a circle."""
    definition = Definition.of_json(document)
    yield from _groups_in_order(definition.steps, ("steps",), is_parallel=False)
    yield from _groups_in_order(definition.on_cancel, ("onCancel",), is_parallel=False)


def _groups_in_order(steps: tuple[StepTemplate, ...], path: Path, *, is_parallel: bool) -> Found:
    index = {step.name: str(number) for number, step in enumerate(steps)}
    unknown = False
    for step in steps:
        for number, name in enumerate(step.depends_on or ()):
            if name not in index:
                unknown = True
                yield (*path, index[step.name], "dependsOn", str(number)), f"There is no step {name} in this group."
    ordered = in_order(steps, is_parallel=is_parallel)
    stuck = [step.name for step in steps if step not in ordered]
    if stuck and not unknown:
        yield (*path, index[stuck[0]], "dependsOn"), f"These steps wait for each other: {_some(stuck)}."
    for step in steps:
        here = (*path, index[step.name])
        group = "parallel" if step.is_parallel else "sequence"
        yield from _groups_in_order(step.steps, (*here, group), is_parallel=step.is_parallel)
        yield from _groups_in_order(step.on_failure, (*here, "onFailure"), is_parallel=False)


def _text_problems(document: Any, _composed: Documents) -> Found:
    """Each `${{` has its end, and there are not too many expressions."""
    wrong = list(text_problems(document))
    yield from wrong
    if not wrong and (count := sum(1 for _ in uses(document))) > MAX_EXPRESSIONS:
        yield (), f"There are {count:,} expressions, and a definition has at most {MAX_EXPRESSIONS:,}."


def _schema_problems(document: Any, _composed: Documents) -> Found:
    """Schemas are valid."""
    for path, schema in _schemas(document):
        if problem := schema_problem(schema):
            inner, message = problem
            yield (*path, *inner), message
    if document.get("parameters", {}).get("type", "object") != "object":
        yield ("parameters", "type"), "`type` must be `object`."


def _plain_problems(document: Any, _composed: Documents) -> Found:
    """Defaults fit their schemas, names can be used in expressions, and conditions are expressions."""
    parameters = Part.of(document.get("parameters", {}))
    for name, schema in properties(parameters.here).items():
        path: Path = ("parameters", "properties", name)
        if problem := identifier_problem(name):
            yield path, problem
        if isinstance(schema, Mapping) and "default" in schema:
            for inner, message in parameters.at("properties", name).problems(schema["default"]):
                yield (*path, "default", *inner), message
    for path, step, _ in _all_written(document):
        name = step.get("forEach", {}).get("as", "item")
        if problem := identifier_problem(step["name"]):
            yield (*path, "name"), problem
        if problem := identifier_problem(name, is_variable=True):
            yield (*path, "forEach", "as"), problem
        if isinstance(items := step.get("forEach", {}).get("items"), str):
            yield from needs_expression((*path, "forEach", "items"), items)
        conditions = ((*path, "if"), step.get("if")), ((*path, "retry", "onlyIf"), step.get("retry", {}).get("onlyIf"))
        for where, text in conditions:
            if text is not None:
                yield from needs_expression(where, text)


def _schemas(document: Any) -> Iterator[tuple[Path, Any]]:
    yield ("parameters",), document.get("parameters", {})
    for name, output in document.get("outputs", {}).items():
        yield ("outputs", name, "schema"), output.get("schema", {})


# What the steps mean together


@dataclass(frozen=True, slots=True)
class _Place:
    """Where steps are: their path in the document, what their expressions see, and the step types that there are."""

    path: Path
    visible: Visible
    types: Mapping[str, StepType]

    def at(self, *keys: str, visible: Visible | None = None) -> "_Place":
        return replace(self, path=(*self.path, *keys), visible=visible or self.visible)


def _meaning_problems(document: Any, composed: Documents) -> Found:
    definition = Definition.of_json(document)
    texts = Texts()
    types = {**{name: step_type_of(found) for name, found in composed.items()}, **STEP_TYPES}
    visible = Visible({"parameters": kind_of_parameters(definition.parameters)})
    seen = yield from _block(definition.steps, _Place(("steps",), visible, types), texts, is_parallel=False)
    ended = visible.with_steps({name: _maybe(kind) for name, kind in seen.items()})
    yield from _block(definition.on_cancel, _Place(("onCancel",), ended, types), texts, is_parallel=False)
    for name, value in definition.outputs.items():
        schema = Part.of(document["outputs"][name].get("schema", {}))
        path = ("outputs", name, "value")
        yield from fitting_problems(value, schema, path, visible.with_steps(seen), texts)
    yield from _unused(document, definition, texts)


def _block(steps: tuple[StepTemplate, ...], place: _Place, texts: Texts, *, is_parallel: bool) -> Seen:
    """Checks the steps of a group. Returns what the steps after the group see of them."""
    needs = dependencies(steps, is_parallel=is_parallel)
    index = {step.name: number for number, step in enumerate(steps)}
    exported = dict[str, dict[str, Kind]]()
    before = dict[str, set[str]]()
    for step in in_order(steps, is_parallel=is_parallel):
        before[step.name] = {*needs[step.name]}.union(*(before[name] for name in needs[step.name]))
        seen = {name: kind for earlier in before[step.name] for name, kind in exported[earlier].items()}
        here = place.at(str(index[step.name]), visible=place.visible.with_steps(seen))
        exported[step.name] = yield from _step(step, here, texts)
    return {name: kind for kinds in exported.values() for name, kind in kinds.items()}


def _step(step: StepTemplate, place: _Place, texts: Texts) -> Seen:
    """Checks a step. Returns what later steps see of it, and of the steps in it, by name."""
    path, visible = place.path, place.visible
    if step.condition is not None:
        yield from texts.condition(step.condition, (*path, "if"), visible)
        if constant(step.condition) is False:
            yield (*path, "if"), "The condition is never true, so the step never runs."
    if step.for_each is not None:
        item, problems = texts.items(step.for_each.items, (*path, "forEach", "items"), visible)
        yield from problems
        visible = visible.with_variables({step.for_each.name: item, "index": Basic.INTEGER})
    if step.retry.only_if is not None:
        failed = visible.with_variables({"error": _ERROR})
        yield from texts.condition(step.retry.only_if, (*path, "retry", "onlyIf"), failed)
    inner = dict[str, Kind]()
    outputs: Kind = Record()
    if step.type is not None:
        found = place.types.get(step.type)
        if found is None:
            known = ", ".join(sorted(place.types))
            yield (*path, "type"), f"There is no step type {step.type!r}; the types are: {known}."
        else:
            yield from fitting_problems(dict(step.inputs), Part.of(found.inputs), (*path, "inputs"), visible, texts)
            for name in CONDITIONS if found.conditions_see else ():
                yield from condition_problem(step.inputs.get(name), (*path, "inputs", name), found.conditions_see)
            outputs = kind_of(found.outputs)
        result = outputs if isinstance(outputs, Record) else Record()
        with_result = visible.with_variables({"result": result})
    else:
        key = "parallel" if step.is_parallel else "sequence"
        inner = yield from _block(step.steps, place.at(key, visible=visible), texts, is_parallel=step.is_parallel)
        with_result = visible.with_steps(inner)
    if step.outputs is not None:
        fields = dict[str, Kind]()
        for name, value in step.outputs.items():
            kind, problems = kind_of_value(value, (*path, "outputs", name), with_result, texts)
            yield from problems
            fields[name] = kind
        outputs = Record(fields)
    if step.on_failure:
        failed = place.visible.with_steps({name: _maybe(kind) for name, kind in inner.items()})
        failed = failed.with_variables({"error": _ERROR})
        yield from _block(step.on_failure, place.at("onFailure", visible=failed), texts, is_parallel=False)
    return _exported(step, outputs, inner)


def _exported(step: StepTemplate, outputs: Kind, inner: Mapping[str, Kind]) -> dict[str, Kind]:
    """Steps in a `forEach` are seen only there: outside, the outputs are a list with an entry for each item."""
    if step.for_each is not None:
        outputs, inner = ListOf(outputs), {}
    own = Record({"state": Basic.TEXT, "error": maybe(_ERROR), "outputs": outputs})
    found = {step.name: own, **inner}
    return found if step.always_runs else {name: _maybe(kind) for name, kind in found.items()}


def _maybe(kind: Kind) -> Kind:
    """A step that may not have run: its outputs may be null, and its state is still a text."""
    found = maybe(kind)
    return replace(found, fields={**found.fields, "state": Basic.TEXT}) if isinstance(found, Record) else found


def _unused(document: Any, definition: Definition, texts: Texts) -> Found:
    """Outputs that a step names, and that no expression uses."""
    paths = {step["name"]: path for path, step, _ in _all_written(document)}
    for step in all_steps((*definition.steps, *definition.on_cancel)):
        for name in step.outputs or ():
            if not texts.uses_output(step.name, name, is_list=step.for_each is not None):
                yield (*paths[step.name], "outputs", name), f"No expression uses steps.{step.name}.outputs.{name}."


def _structure_problems(document: Any, _composed: Documents) -> Found:
    yield from structure_problems(document)


_CHECKS = (
    _structure_problems,
    _shape_problems,
    _order_problems,
    _text_problems,
    _schema_problems,
    _plain_problems,
    _meaning_problems,
)


def _some(names: list[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
