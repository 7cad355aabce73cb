"""Files that advice rests on, as they are sent: without what no rule looks at, which may be most of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from google.protobuf import timestamp_pb2

from pal.service.v1 import migration_service_pb2 as pb
from pal_cli.texts import read_text

_RELEASE = ("filename", "upload-time", "upload_time", "upload_time_iso_8601", "yanked")


def file(path: Path) -> pb.AdviceFile:
    """Return a file as it is, with the time it was written."""
    text = read_text(path)
    at = timestamp_pb2.Timestamp(seconds=int(path.stat().st_mtime))
    return pb.AdviceFile(source=str(path), text=text, observed_at=at)


def matrix(path: Path) -> pb.AdviceFile:
    """Return a matrix, without what was seen of each run."""
    sent = file(path)
    sent.text = _lean(sent.text, _without_runs)
    return sent


def releases(path: Path) -> pb.AdviceFile:
    """Return a list of releases."""
    sent = file(path)
    sent.text = lean_releases(sent.text)
    return sent


def lean_releases(text: str) -> str:
    """Return the JSON of a package index without addresses and hashes."""
    return _lean(text, _only_releases)


def _lean(text: str, take: Callable[[Any], Any]) -> str:
    try:
        return json.dumps(take(json.loads(text)))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        # Whatever it is: the service says what is wrong with it.
        return text


def _without_runs(raw: Any) -> Any:
    versions = [{name: value for name, value in one.items() if name != "runs"} for one in raw["versions"]]
    return {**raw, "versions": versions}


def _only_releases(raw: Any) -> Any:
    if "releases" in raw:
        return {"releases": {version: [_release(one) for one in files] for version, files in raw["releases"].items()}}
    if "files" in raw:
        return {"files": [_release(one) for one in raw["files"]]}
    return {"time": raw["time"]}


def _release(stated: Any) -> dict[str, Any]:
    return {name: stated[name] for name in _RELEASE if name in stated}
