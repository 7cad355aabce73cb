"""What a model wrote and an owner wrote reaches the other side character for character."""

from __future__ import annotations

from pal_conformance.bench import Bench, same
from pal_conformance.case import Cases
from pal_conformance.doings import ok
from pal_conformance.script import Say, Script, calls
from pal_conformance.specs import ADD, tool

cases = Cases("exact", "tool_calling")
_ARGUMENTS = {
    "numbers": ("Numbers keep their digits: 9007199254740993, 5.0, 1e400.", '{"n":9007199254740993,"f":5.0,"e":1e400}'),
    "words": ('The strings "true" and "null" stay strings.', '{"t":"true","x":" null ","n":null,"b":true}'),
    "names": (
        "Arguments may be called what runtimes keep for themselves.",
        '{"agent":1,"fc":2,"ctx":3,"self":4,"run_context":{"a" : [1,  2]},"call_id":"other","config":5,"kwargs":{}}',
    ),
    "text": ("White space, escapes and key order stay.", '{ "b":1,\n"a" : "\\u00fc \\n ü" }'),
    "nested": ("Deep arguments stay whole.", '{"a":' * 40 + "1" + "}" * 40),
}
_SCHEMAS = {
    "defs": '{"type":"object","$defs":{"eur":{"type":"number","title":"E"}},"properties":{"m":{"$ref":"#/$defs/eur"}}}',
    "recursive": '{"type":"object","properties":{"kids":{"type":"array","items":{"$ref":"#"}}},"description":"A tree"}',
    "odd": '{ "additionalProperties" : false, "properties":{"n":{"const":5.0,"default":1e400}},"required":[] }',
}


def _add_all() -> None:
    for name, (claim, arguments) in _ARGUMENTS.items():
        _add(name, claim, arguments)


def _add(name: str, claim: str, arguments: str) -> None:
    @cases.case(name, claim)
    async def test(bench: Bench) -> None:
        run = await bench.run(calls(("c1", "add", arguments), add=ok), tool_specs=[ADD])

        same("arguments", [call.arguments.json for call in run.executed], [arguments], run.asked[-1])


_add_all()


@cases.case("schemas", "JSON Schemas reach the model byte for byte, with $defs and recursion.")
async def schemas(bench: Bench) -> None:
    specs = [tool(name, schema) for name, schema in _SCHEMAS.items()]

    run = await bench.run(Script(says=[Say(chunks=["fine"])]), tool_specs=specs)

    for offered in run.asked[0].tools:
        same(f"schema of {offered.name}", offered.input.text, _SCHEMAS[offered.name], offered)
    same("tools", [offered.name for offered in run.asked[0].tools], list(_SCHEMAS), run.asked[0])
