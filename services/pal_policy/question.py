"""What is asked of the policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pal.v1 import common_pb2 as common
from pal.v1 import tool_spec_pb2 as tools

RUN_START, MODEL_CALL, TOOL_CALL = "run.start", "model.call", "tool.call"


@dataclass(frozen=True, kw_only=True)
class Question:
    """May this be done? *action* is one of RUN_START, MODEL_CALL and TOOL_CALL."""

    action: str
    agent: str
    agent_version: str = ""
    tool: str = ""
    effect_class: tools.EffectClass = tools.EFFECT_CLASS_UNSPECIFIED
    principal: str = ""
    tenant: str = ""
    runtime: str = ""
    mode: common.ExecutionMode = common.EXECUTION_MODE_UNSPECIFIED
    model: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    counted: Mapping[str, int] = field(default_factory=dict)

    def variables(self) -> dict[str, Any]:
        """Return what a CEL condition can name: action, agent, tool, args, principal, runtime, mode, labels, run."""
        return {
            "action": self.action,
            "agent": {"name": self.agent, "version": self.agent_version},
            "tool": {"name": self.tool, "effect": tools.EffectClass.Name(self.effect_class)},
            "args": dict(self.arguments),
            "principal": {"id": self.principal, "tenant": self.tenant},
            "runtime": self.runtime,
            "model": self.model,
            "mode": common.ExecutionMode.Name(self.mode).removeprefix("EXECUTION_MODE_"),
            "labels": dict(self.labels),
            "run": dict(self.counted),
        }
