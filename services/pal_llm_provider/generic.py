"""The rule for everybody: it calls the tools it is told to call, tells what they gave, and else is an echo."""

from __future__ import annotations

import re

from pal_llm_provider.provider import ToolAsk
from pal_llm_provider.reading import Reading, Reply, parsed

# `call TOOL {json}`; without JSON the tool is called without arguments.
_CALL = re.compile(r"^\s*call\s+(?P<tool>[\w.\-]+)\s*(?P<arguments>\{.*\})?\s*$", re.MULTILINE)


def reply(reading: Reading) -> Reply:
    """Return what is asked for, what came of it, or an echo."""
    if reading.results:
        return Reply("\n".join(_told(result.tool, result.text, result.failed) for result in reading.results))
    asks = [ToolAsk(found["tool"], found["arguments"] or "{}") for found in _CALL.finditer(reading.newest)]
    # A line with broken JSON is no call: a stand-in does not misbehave, `faulty` does.
    if asks := [wish for wish in asks if isinstance(parsed(wish.arguments), dict)]:
        return Reply(asks=asks)
    return Reply(f"You said: {reading.newest}")


def _told(tool: str, text: str, failed: bool) -> str:
    return f"{tool} failed: {text}" if failed else f"{tool} returned {text}"
