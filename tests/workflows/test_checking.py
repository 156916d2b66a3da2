"""What the check of a definition finds, each with its place."""

from typing import Any

import pytest
import yaml

from app.workflows.checking import MAX_PROBLEMS, definition_problems
from app.workflows.language import MAX_DEPTH, MAX_EXPRESSIONS, MAX_STEPS
from app.workflows.step_types import STEP_TYPES

VALID = """
name: preload-image
description: Builds an image, and loads it in several regions.
parameters:
  required: [image, regions]
  properties:
    image: {type: string}
    regions: {type: array, items: {type: string}}
    count: {type: integer, default: 2}
    size: {type: object, required: [width], properties: {width: {type: integer}}}
outputs:
  digest: {value: "${{ steps.build.outputs.digest }}", schema: {type: string}}
steps:
  - name: build
    type: http-request
    inputs: {method: POST, url: "https://builds.example.com", body: {image: "${{ parameters.image }}"}}
    outputs: {digest: "${{ string(result.body.digest) }}"}
    timeout: 10m
    retry: {attempts: 3, backoff: 5s, onlyIf: "${{ error.code == 'unavailable' }}"}
  - name: load
    forEach: {items: "${{ parameters.regions }}", as: region, limit: 2}
    sequence:
      - name: announce
        type: log
        inputs: {message: "Loading ${{ steps.build.outputs.digest }} in ${{ region }} (${{ index }})."}
      - {name: wait, type: sleep, inputs: {duration: 5m}}
    onFailure:
      - {name: tell, type: log, inputs: {message: "It failed: ${{ error.message }}"}}
  - name: review
    if: ${{ parameters.count > 1 }}
    type: approve
    inputs: {message: "Go on?"}
"""
ANNOUNCE = "steps.1.sequence.0.inputs.message"

CHANGES: dict[str, tuple[str, str, str, str]] = {
    "a parameter that there is not": (
        "parameters.image }}", "parameters.imag }}", "steps.0.inputs.body.image",
        "The expression is not valid: line 1, column 11: parameters has no such field; its fields are: count, image,"
        " regions, size.",
    ),
    "a field of a parameter that there is not": (
        "parameters.image }}", "parameters.size.height }}", "steps.0.inputs.body.image",
        "The expression is not valid: line 1, column 16: parameters.size has no such field; its fields are: width.",
    ),
    "an operator that does not fit": (
        "count > 1", "count > 'a'", "steps.2.if",
        "The expression is not valid: line 1, column 18: found no matching overload for '_>_' applied to '(int,"
        " string)'.",
    ),
    "a condition that is not a boolean": (
        "count > 1", "count", "steps.2.if",
        "The expression is not valid: it must return a boolean, not a whole number.",
    ),
    "a condition that is text": (
        "${{ parameters.count > 1 }}", "yes it is", "steps.2.if",
        "Must be exactly one expression, such as ${{ parameters.count > 1 }}.",
    ),
    "a step that is never reached": (
        "parameters.count > 1", "1 > 2", "steps.2.if", "The condition is never true, so the step never runs.",
    ),
    "an input of another type": (
        '"Go on?"', "5", "steps.2.inputs.message", '5 is not of type "string".',
    ),
    "an input whose expression has another type": (
        '"Go on?"', '"${{ parameters.count }}"', "steps.2.inputs.message",
        "Expected a string, got a whole number.",
    ),
    "a list in a text": (
        '"Go on?"', '"To ${{ parameters.regions }}?"', "steps.2.inputs.message",
        "The expression returns a list, which cannot be part of a string.",
    ),
    "an input that there is not": (
        "message: \"Loading", "message: \"\", text: \"Loading", "steps.1.sequence.0.inputs.text",
        "There is no field text here; the fields are: message.",
    ),
    "a step type that there is not": (
        "type: log", "type: lock", "steps.1.sequence.0.type",
        f"There is no step type 'lock'; the types are: {', '.join(sorted(STEP_TYPES))}.",
    ),
    "an output of a later step": (
        "${{ index }}", "${{ steps.review.state }}", ANNOUNCE,
        "The expression is not valid: line 1, column 6: steps has no such field; its fields are: build.",
    ),
    "an output that the step type does not have": (
        "result.body.digest", "result.bdy.digest", "steps.0.outputs.digest",
        "The expression is not valid: line 1, column 14: result has no such field; its fields are: body, headers,"
        " status.",
    ),
    "a variable that there is not": (
        "${{ region }}", "${{ reg }}", ANNOUNCE,
        "The expression is not valid: line 1, column 1: undeclared reference to 'reg'.",
    ),
    "items that are no list": (
        "${{ parameters.regions }}", "${{ parameters.count }}", "steps.1.forEach.items",
        "The expression must return a list, not a whole number.",
    ),
    "a step in a forEach, seen from outside": (
        '"Go on?"', '"${{ steps.wait.state }}"', "steps.2.inputs.message",
        "The expression is not valid: line 1, column 6: steps has no such field; its fields are: build, load.",
    ),
    "an output of another type than its schema": (
        "schema: {type: string}", "schema: {type: boolean}", "outputs.digest.value",
        "Expected a boolean, got a string.",
    ),
    "an output that nothing uses": (
        "outputs: {digest: \"${{ string", "outputs: {size: 1, digest: \"${{ string", "steps.0.outputs.size",
        "No expression uses steps.build.outputs.size.",
    ),
    "an expression without an end": (
        "digest }}\", schema", "digest \", schema", "outputs.digest.value",
        "Not a valid expression: an expression has no end: `}}` is missing. Write $${{ for a literal ${{.",
    ),
    "a condition without an end": (
        "if: ${{ parameters.count > 1 }}", "if: ${{ parameters.count > 1", "steps.2.if",
        "Not a valid expression: an expression has no end: `}}` is missing. Write $${{ for a literal ${{.",
    ),
    "parameters that are no object": (
        "  required: [image", "  type: array\n  required: [image", "parameters.type", "`type` must be `object`.",
    ),
    "a schema that is none, with a default": (
        "{type: integer, default: 2}", "{type: many, default: 2}", "parameters.properties.count.type",
        "Not a valid JSON Schema: \"many\" is not valid under any of the schemas listed in the 'anyOf' keyword.",
    ),
    "a reference to a schema that there is not": (
        "{type: integer, default: 2}", "{$ref: '#/$defs/count', default: 2}", "parameters",
        "Not a valid JSON Schema: Pointer '/$defs/count' does not exist.",
    ),
    "a duration that is none": (
        "timeout: 10m", "timeout: soon", "steps.0.timeout", "'soon' is not a duration such as 30s, 15m, 1h30m or 7d.",
    ),
    "a pause of no time": ("backoff: 5s", "backoff: 0s", "steps.0.retry.backoff", "Must be longer than 0 seconds."),
    "a key that there is not": (
        "timeout: 10m", "timeuot: 10m", "steps.0",
        "Additional properties are not allowed ('timeuot' was unexpected).",
    ),
    "a name of two steps": ("name: review", "name: build", "steps.0.name", "There are 2 steps with the name build."),
    "a name with another meaning": (
        "as: region", "as: steps", "steps.1.forEach.as",
        "steps has another meaning in expressions. Choose another name.",
    ),
    "a parameter that expressions cannot name": (
        "count: {", "my-count: {", "parameters.properties.my-count",
        "Expressions cannot use this name. Use letters, digits and `_`, and begin with a letter.",
    ),
    "a default that does not fit": (
        "default: 2", "default: two", "parameters.properties.count.default", '"two" is not of type "integer".',
    ),
    "steps without a name": (
        "steps.build.outputs.digest }}\", schema: {type: string}", "steps }}\"", "outputs.digest.value",
        "The expression is not valid: `steps` needs the name of a step, such as steps.build.",
    ),
    "a duration as an input that is none": (
        "duration: 5m", "duration: forever", "steps.1.sequence.1.inputs.duration",
        '"forever" does not match "^(?=\\d)(\\d{1,6}d)?(\\d{1,6}h)?(\\d{1,6}m)?(\\d{1,8}s)?$".',
    ),
    "a schema that is none": (
        "{type: array,", "{type: lots,", "parameters.properties.regions.type",
        "Not a valid JSON Schema: \"lots\" is not valid under any of the schemas listed in the 'anyOf' keyword.",
    ),
    "a circle": ("if: ${{ parameters.count > 1 }}", "dependsOn: [review]", "steps.2.dependsOn",
                 "These steps wait for each other: review."),
    "a step of another group": ("if: ${{ parameters.count > 1 }}", "dependsOn: [build, wait]", "steps.2.dependsOn.1",
                                "There is no step wait in this group."),
    "a step without a type": ("    type: approve\n", "", "steps.2",
                              "A step must have exactly one of `type`, `sequence` and `parallel`."),
    "a group with inputs": ("    onFailure:", "    inputs: {}\n    onFailure:", "steps.1.inputs",
                            "A group cannot have `inputs`."),
}  # fmt: skip


def problems(document: Any) -> list[tuple[str, str]]:
    return [(".".join(path), message) for path, message in definition_problems(document)]


def test_a_valid_definition_has_no_problems() -> None:
    assert problems(yaml.safe_load(VALID)) == []


@pytest.mark.parametrize("change", CHANGES)
def test_a_problem_has_its_place(change: str) -> None:
    before, after, place, message = CHANGES[change]
    assert before in VALID
    assert problems(yaml.safe_load(VALID.replace(before, after, 1)))[0] == (place, message)


REFERENCES = """
name: references
parameters:
  $defs: {size: {type: integer}}
  properties:
    size: {$ref: "#/$defs/size", default: 1}
    other: {$ref: "#/properties/size"}
outputs:
  list:
    value: ["${{ parameters.size }}", 2]
    schema: {type: array, items: {$ref: "#/$defs/size"}, $defs: {size: {type: integer}}}
  map:
    value: {a/~ b: x, c: "${{ parameters.other }}", d: [1]}
    schema:
      $defs: {text: {type: string}}
      type: object
      properties: {a/~ b: {$ref: "#/$defs/text"}, c: {}}
      patternProperties: {d: {type: array}}
      additionalProperties: false
steps:
  - {name: greet, type: log, inputs: {message: "${{ string(parameters.size) }}"}}
"""


def test_references_in_schemas_are_to_the_whole_schema() -> None:
    assert problems(yaml.safe_load(REFERENCES)) == []
    assert problems(yaml.safe_load(REFERENCES.replace("default: 1", "default: one"))) == [
        ("parameters.properties.size.default", '"one" is not of type "integer".')
    ]
    assert problems(yaml.safe_load(REFERENCES.replace(", 2]", ", two]").replace("b: x", "b: 1"))) == [
        ("outputs.list.value.1", '"two" is not of type "integer".'),
        ("outputs.map.value.a/~ b", '1 is not of type "string".'),
    ]


ITEMS = """
name: items
steps:
  - name: load
    forEach: {items: [1, 2]}
    type: http-request
    inputs: {url: "https://a"}
    outputs: {digest: "${{ string(result.body) }}"}
  - {name: tell, type: log, inputs: {message: "${{ steps.load.outputs[0].digest }}"}}
"""


@pytest.mark.parametrize(
    ("expression", "column"),
    [
        ("steps.load.outputs[0].digst", 22),
        ("steps.load.outputs.map(each, each.digest + each.digst).join(' ')", 48),
        ("'é' + steps.load.outputs[1]. digst", 28),
    ],
)
def test_the_fields_of_the_entries_of_a_list_are_checked(expression: str, column: int) -> None:
    text = ITEMS.replace("steps.load.outputs[0].digest", expression)
    assert problems(yaml.safe_load(text)) == [
        (
            "steps.1.inputs.message",
            f"The expression is not valid: line 1, column {column}: steps.load.outputs[…] has no such field; its fields"
            " are: digest.",
        )
    ]
    assert problems(yaml.safe_load(text.replace("digst", "digest"))) == []


def test_a_list_whose_first_items_have_schemas_of_their_own_is_accepted() -> None:
    schema = {"type": "array", "prefixItems": [{"type": "integer"}], "items": {"type": "string"}}
    greet = {"name": "greet", "type": "log", "inputs": {"message": "${{ string(parameters.list[0] + 1) }}"}}
    document = {
        "name": "lists",
        "parameters": {"properties": {"list": schema}, "required": ["list"]},
        "outputs": {"list": {"value": ["${{ 1 }}", "a"], "schema": schema}},
        "steps": [greet],
    }
    assert problems(document) == []


@pytest.mark.parametrize(
    ("parameters", "expression"),
    [
        ({"properties": {"namespace": {"type": "string"}}}, "parameters.namespace"),
        ({"properties": {"type": {"default": "a"}, "index": {"default": "b"}}}, "parameters.type + parameters.index"),
        ({"$ref": "#/$defs/all", "$defs": {"all": {"properties": {"a": {}}}}}, "parameters.a"),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}], "properties": {"a": {}, "b": {}}}, "parameters.a"),
        ({"additionalProperties": {"type": "string"}}, "parameters.a"),
        (
            {"properties": {"a": {"type": "object", "properties": {"b-c": {"type": "string"}}}}, "required": ["a"]},
            "parameters.a['b-c']",
        ),
    ],
)
def test_parameters_of_any_valid_schema_can_be_used(parameters: dict[str, Any], expression: str) -> None:
    greet = {"name": "greet", "type": "log", "inputs": {"message": f"${{{{ {expression} }}}}"}}
    assert problems({"name": "a", "parameters": parameters, "steps": [greet]}) == []


def test_a_field_with_a_default_in_a_parameter_may_be_missing() -> None:
    inner = {"type": "object", "properties": {"width": {"type": "integer", "default": 1}}}
    parameters = {"properties": {"size": inner}, "required": ["size"]}
    greet = {"name": "greet", "type": "log", "inputs": {"message": "${{ parameters.size.width == null ? 'a' : 'b' }}"}}
    assert problems({"name": "a", "parameters": parameters, "steps": [greet]}) == []


def test_steps_of_a_circle_are_named() -> None:
    steps = [
        {"name": name, "type": "log", "inputs": {"message": "Hi."}, "dependsOn": [needed]}
        for name, needed in (("a", "c"), ("b", "a"), ("c", "b"))
    ]
    assert problems({"name": "circle", "steps": [{"name": "group", "parallel": steps}]}) == [
        ("steps.0.parallel.0.dependsOn", "These steps wait for each other: a, b, c.")
    ]


def test_an_output_that_may_be_missing_fits_any_type_and_a_field_that_does_not_exist_is_still_found() -> None:
    text = """
name: maybe
parameters: {properties: {wanted: {type: boolean, default: true}}}
steps:
  - {name: a, type: http-request, inputs: {url: "https://a"}, if: "${{ parameters.wanted }}"}
  - {name: b, type: log, inputs: {message: "${{ steps.a.outputs.status == null ? 'none' : steps.a.state }}"}}
"""
    assert problems(yaml.safe_load(text)) == []
    ((place, message),) = problems(yaml.safe_load(text.replace("outputs.status", "outputs.stats")))
    assert place == "steps.1.inputs.message"
    assert message.endswith("steps.a.outputs has no such field; its fields are: body, headers, status.")


def test_the_size_of_a_definition_is_bounded() -> None:
    log = {"type": "log", "inputs": {"message": "Hi."}}
    many = [{"name": f"s{number}", **log} for number in range(MAX_STEPS + 1)]
    assert problems({"name": "many", "steps": many}) == [
        ("steps", f"There are {MAX_STEPS + 1} steps, and a definition has at most {MAX_STEPS}.")
    ]
    deep: dict[str, Any] = {"name": "last", **log}
    for number in range(MAX_DEPTH):
        deep = {"name": f"g{number}", "sequence": [deep]}
    assert [message for _, message in problems({"name": "deep", "steps": [deep]})] == [
        f"Groups can be nested at most {MAX_DEPTH} deep."
    ]
    body = ["${{ 1 }}"] * (MAX_EXPRESSIONS + 1)
    asking = {"name": "a", "type": "http-request", "inputs": {"url": "https://a", "body": body}}
    assert problems({"name": "long", "steps": [asking]}) == [
        ("", f"There are {MAX_EXPRESSIONS + 1:,} expressions, and a definition has at most {MAX_EXPRESSIONS:,}.")
    ]


def test_the_number_of_problems_is_bounded() -> None:
    many = [{"name": f"s{number}", "type": "unknown"} for number in range(MAX_STEPS)]
    assert len(problems({"name": "many", "steps": many})) == MAX_PROBLEMS


@pytest.mark.parametrize("document", [None, [], "text", {}, {"name": "a", "steps": []}, {"name": 5, "steps": [None]}])
def test_a_document_of_another_structure_is_refused(document: Any) -> None:
    assert problems(document) != []


@pytest.mark.parametrize("name", STEP_TYPES)
def test_the_example_of_a_step_type_is_valid(name: str) -> None:
    step = yaml.safe_load(STEP_TYPES[name].example)
    assert step["type"] == name
    uses = [f"${{{{ steps.{step['name']}.outputs.{output} }}}}" for output in step.get("outputs", {})]
    outputs = {"used": {"value": uses}} if uses else {}
    assert problems({"name": "example", "outputs": outputs, "steps": [step]}) == []
