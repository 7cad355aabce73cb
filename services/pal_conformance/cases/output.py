"""What an agent hands back when it has to answer in JSON."""

from __future__ import annotations

from pal.v1 import run_event_pb2 as events
from pal_conformance import specs
from pal_conformance.bench import Bench, same
from pal_conformance.case import Cases
from pal_conformance.script import says

cases = Cases("output", "structured_output")
_SCHEMA = '{"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}'
_TREE = (
    '{"$defs": {"node": {"type": "object", "properties": {"label": {"type": "string"}, "children": {"type": "array", '
    '"items": {"$ref": "#/$defs/node"}}}, "required": ["label"]}}, "$ref": "#/$defs/node", "title": "Tree"}'
)


@cases.case(
    "schema", "JSON that satisfies the schema is the output, character for character, and the file of the agent."
)
async def schema(bench: Bench) -> None:
    run = await bench.run(says('\n {"n": 9007199254740993} '), spec=specs.agent(schema=_SCHEMA, filename="answer.json"))

    same("output", run.result.output.json, '{"n": 9007199254740993}', run.result)
    files = [event.artifact_added.content for event in run.events if event.HasField("artifact_added")]
    same("files", [(f.filename, f.json) for f in files], [("answer.json", run.result.output.json)], run.result)


@cases.case("byte-equal", "The schema reaches the model byte for byte, with $defs and recursion.")
async def byte_equal(bench: Bench) -> None:
    run = await bench.run(says('{"label": "a", "children": [{"label": "b"}]}'), spec=specs.agent(schema=_TREE))

    same("answer_schema", run.asked[0].answer_schema.text, _TREE, run.asked[0])


@cases.case("words", 'The strings "true" and "null" stay strings.')
async def words(bench: Bench) -> None:
    for text in ('{"a":"true","b":"null","c":"5.0"}', '{"a":"null","b":null,"c":5.0}'):
        run = await bench.run(says(text), spec=specs.agent(schema='{"type": "object"}'))

        same("output", run.result.output.json, text, run.result)


@cases.case(
    "violation",
    "Output that violates the schema fails the run, and the failure names the place.",
    outcome=(events.RUN_OUTCOME_FAILED, "OUTPUT_INVALID"),
)
async def violation(bench: Bench) -> None:
    agent = specs.agent(schema=_SCHEMA, filename="answer.json")
    for text, path in (
        ('{"n": "7"}', "/n"),
        ("{}", ""),
        ("seven", ""),
        ('```json\n{"n": 7}\n```', ""),
        ('{"n": NaN}', ""),
    ):
        run = await bench.run(says(text), spec=agent)

        same("failure.metadata[path]", run.result.failure.metadata["path"], path, run.result)
        same("events", [event.type for event in run.events], ["message.added"], run.result)
