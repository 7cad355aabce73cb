"""What an adapter says of itself, and whether it is so."""

from __future__ import annotations

import asyncio

from pal.service.v1 import runtime_service_pb2 as rt
from pal.service.v1 import tool_executor_service_pb2 as executor
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_conformance import specs
from pal_conformance.bench import Bench, expect, same
from pal_conformance.case import Cases
from pal_conformance.doings import ok
from pal_conformance.play import Play
from pal_conformance.script import Say, Script, Wait, asked_of, says
from pal_conformance.verdict import Unmeasured
from pal_log.payload import text_payload

cases = Cases("ability")
SWITCHES = ("tool_calling", "human_in_loop", "multimodal", "streaming", "parallel_tool_calls", "structured_output")
_BYTES_A_TOKEN = 4
# What fits into one message with everything around it.
_MOST_BYTES = 3 * 1024 * 1024
_WAIT_SECONDS = 3.0


@cases.case("described", "Describe names the runtime, its exact version and at least one mode.", outcome=None)
async def described(bench: Bench) -> None:
    found = await bench.target.stub.Describe(rt.DescribeRequest(), timeout=5)

    expect(bool(found.installed_version), "installed_version is empty", found)
    expect(bool(found.capability.version), "capability.version, the range of versions it holds for, is empty", found)
    expect(len(found.capability.capabilities.modes) > 0, "no mode is declared", found)
    same("problems of no agent", list(found.problems), [], found)


@cases.case(
    "problems", "Describe names what an agent needs and the runtime does not declare, and nothing else.", outcome=None
)
async def problems(bench: Bench) -> None:
    declared = bench.target.declared.capabilities
    needs = agents.CapabilityRequirements(modes=["telepathic"], **dict.fromkeys(SWITCHES, True))
    output = agents.IoContract(schema=common.JsonSchema(text='{"type": 5}'))
    unfit = agents.AgentSpec(spec=agents.AgentDefinition(requires=needs, output=output))

    found = await bench.target.stub.Describe(rt.DescribeRequest(agent=unfit), timeout=5)

    missing = ["modes", *(name for name in SWITCHES if not getattr(declared, name))]
    wanted = {(f"spec.requires.{name}", "CAPABILITY_MISSING") for name in missing}
    wanted.add(("spec.output.schema", "INVALID_DOCUMENT"))
    same("problems", {(p.field, p.reason) for p in found.problems}, wanted, found)


@cases.case("fitting", "Describe has nothing against an agent that needs what the runtime declares.", outcome=None)
async def fitting(bench: Bench) -> None:
    declared = bench.target.declared.capabilities
    able = {name: True for name in SWITCHES if getattr(declared, name)}
    needs = agents.CapabilityRequirements(modes=list(declared.modes), **able)
    fit = specs.agent()
    fit.spec.requires.CopyFrom(needs)

    found = await bench.target.stub.Describe(rt.DescribeRequest(agent=fit, tools=[specs.ADD]), timeout=5)

    same("problems", list(found.problems), [], found)


@cases.case("announced", "What an adapter announces to the registry is what Describe says.", outcome=None)
async def announced(bench: Bench) -> None:
    registry, address = bench.kit.announcements, bench.target.address
    await registry.changes.until(lambda: registry.of(address) is not None, _WAIT_SECONDS)
    said = registry.of(address)
    if said is None:
        raise Unmeasured("it did not announce itself; whoever starts it has to")

    described = bench.target.described
    same("installed_version", said.installed_version, described.installed_version, said)
    same("runtime", said.capability.runtime, described.capability.runtime, said)
    same("capabilities", said.capability.capabilities, described.capability.capabilities, said)
    expect(bool(said.instance_id), "instance_id is empty: a restart cannot be told from a repeat", said)


@cases.case("streaming", "Text comes while the model goes on speaking.", capability="streaming")
async def streaming(bench: Bench) -> None:
    go_on = asyncio.Event()
    run = bench.start(Script(says=[Say(chunks=["first "], hold=go_on, after=["second"])]))

    await run.until(lambda: bool(run.live), "live output before the model has ended", 3.0)
    go_on.set()

    bench.ends(await bench.ended(run))
    same("live output", "".join(live.text for live in run.live), "first second", run.result)


@cases.case("context", "As much context as is declared reaches the model.", capability="max_context_tokens")
async def context(bench: Bench) -> None:
    tokens = bench.target.declared.capabilities.max_context_tokens
    if not tokens:
        raise Unmeasured("it declares no size to measure")
    most = _MOST_BYTES // _BYTES_A_TOKEN
    expect(tokens <= most, f"{tokens} tokens do not fit into one message; {most} is the most that can be declared")
    text = ("word " * tokens)[: tokens * _BYTES_A_TOKEN]

    run = await bench.run(says("read"), given=text_payload(text))

    arrived = asked_of(run.asked[0])[-1] == ("USER", text)
    expect(arrived, f"the {len(text)} bytes did not arrive as they were", run.result)


@cases.case("multimodal", "Content other than text reaches the model as it is.", capability="multimodal")
async def multimodal(bench: Bench) -> None:
    image = common.Payload(blob=b"\x89PNG\r\n\x1a\n\x00\xff", media_type="image/png", filename="dot.png")

    run = await bench.run(says("a dot"), given=image)

    parts = [(part.blob, part.media_type) for part in run.asked[0].messages[-1].parts]
    expect((image.blob, image.media_type) in parts, "the image is not in the last message", run.asked[0])


@cases.case(
    "human-in-loop",
    "A call that waits for a person suspends the run; with the answer the next attempt makes it and goes on.",
    capability="human_in_loop",
)
async def human_in_loop(bench: Bench) -> None:
    asked = events.InputRequested(
        input_id="i1", kind=events.INPUT_KIND_APPROVAL, prompt=text_payload("May it?"), tool_call_id="c1"
    )

    async def approved(request: executor.ExecuteToolRequest, play: Play) -> str:
        if not request.may_wait:
            play.problems.append(("the executor is not told that the call may wait for a person", request))
        if play.lease.epoch == 1:
            raise Wait(asked)
        return "approved"

    says = [Say(calls=[("c1", "add", "{}"), ("c2", "find", "{}")]), Say(chunks=["done"])]
    first = bench.start(Script(says=says, tools={"add": approved, "find": ok}), tool_specs=[specs.ADD, specs.FIND])
    await bench.ended(first)
    waits = first.result.suspended
    same(
        "what the run waits for",
        (waits.reason, list(waits.input_ids)),
        (events.SUSPEND_REASON_INPUT, ["i1"]),
        first.result,
    )
    same("inputs", [e.input_requested for e in first.events if e.HasField("input_requested")], [asked], first.result)
    same("results of the other call", list(first.play.results), ["c2"], first.result)

    second = bench.again(first)

    bench.ends(await bench.ended(second))
    found = {r.call_id: r.result.text for r in second.asked[-1].messages[-1].tool_results}
    same("results", found, {"c1": "approved", "c2": "result of c2"}, second.asked[-1])
