"""The capability declaration as teams write it by hand."""

from __future__ import annotations

import json

from google.protobuf import json_format

from pal.v1 import runtime_capability_pb2 as capabilities

DECLARATION = (
    '{"runtime":"agno","version":">=0.7","capabilities":{"modes":["conversational","workflow"],"toolCalling":true,'
    '"humanInLoop":true,"multimodal":false,"streaming":true,"maxContextTokens":128000},"limits":{"concurrentRuns":50}}'
)


def test_the_declaration_parses_and_prints_verbatim() -> None:
    declared = json_format.Parse(DECLARATION, capabilities.RuntimeCapability())

    assert json.dumps(json_format.MessageToDict(declared), separators=(",", ":")) == DECLARATION
