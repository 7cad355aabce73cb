"""Certificates of drills as files: signed, chained, and checked by anybody with the public key."""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519
from google.protobuf import json_format

from pal.v1 import gameday_pb2 as pb
from pal_log import clock
from pal_log.canonical import canonical_digest, canonical_json
from pal_rpc.keys import key_id

Keys = Mapping[str, ed25519.Ed25519PublicKey]
ALGORITHM = "Ed25519"
_DOMAIN = b"pal.certificate.v1\0"
_FIELDS = ("certificate", "signature")
_NAME = re.compile(r"^\d{6}-.*\.json$")


class Unreadable(Exception):
    """A file is no certificate; the message says why."""


@dataclass(frozen=True)
class Signed:
    """A certificate as it was read: what it states, the text of that, and who signed it."""

    stated: pb.Certificate
    text: str
    key: str
    signature: bytes

    @property
    def digest(self) -> str:
        """What the next certificate calls this one."""
        return canonical_digest(self.text)


class Certificates:
    """The certificates in one directory, one file each."""

    def __init__(self, directory: Path) -> None:
        """Read those in *directory*; it need not be there."""
        self._directory = directory

    def all(self) -> list[Signed]:
        """Return them in the order in which they were made.

        Raises:
            Unreadable: a file of theirs is none.
        """
        return [read(path.read_text()) for path in self._paths()]

    def before(self, one: Signed) -> Signed | None:
        """Return the certificate before *one*; None when it is not here or is none.

        Raises:
            Unreadable: its file is no certificate.
        """
        wanted = f"{one.stated.number - 1:06d}-"
        path = next((path for path in self._paths() if path.name.startswith(wanted)), None)
        return read(path.read_text()) if path else None

    def _paths(self) -> list[Path]:
        return sorted(path for path in self._directory.glob("*.json") if _NAME.match(path.name))


def signed(certificate: pb.Certificate, key: ed25519.Ed25519PrivateKey) -> str:
    """Return *certificate* as the text of its file, signed with *key*."""
    text = json_format.MessageToJson(certificate, indent=None)
    signature = key.sign(_said(text))
    whole = {
        "certificate": json.loads(text),
        "signature": {
            "algorithm": ALGORITHM,
            "keyId": key_id(key.public_key()),
            "value": base64.b64encode(signature).decode(),
        },
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def read(text: str) -> Signed:
    """Return the certificate in the *text* of a file.

    Raises:
        Unreadable: it is none.
    """
    try:
        whole = json.loads(text)
        stated, signature = (whole[name] for name in _FIELDS)
        certificate = json_format.ParseDict(stated, pb.Certificate(), ignore_unknown_fields=True)
        value = base64.b64decode(signature["value"], validate=True)
        return Signed(certificate, _text(stated), str(signature["keyId"]), value)
    except (ValueError, KeyError, TypeError, binascii.Error, json_format.ParseError, RecursionError) as error:
        said = " ".join(str(error).split())[:200]
        raise Unreadable(f"not a certificate as `pal gameday run` writes it ({said or type(error).__name__})") from None


def problems(one: Signed, before: Signed | None, keys: Keys, now: float | None = None) -> list[str]:
    """Return what is wrong with a certificate; empty when nothing is.

    *before* is the one before it in the chain, None when that is not at hand; *now* is in seconds since the epoch.
    """
    found = [*_signature(one, keys), *_chain(one, before, keys)]
    expires_at = one.stated.expires_at
    if expires_at.seconds <= (time.time() if now is None else now):
        found.append(f"expired: it was good until {clock.second(expires_at)}; run the drill again")
    return found


def _signature(one: Signed, keys: Keys) -> list[str]:
    if one.key not in keys:
        known = ", ".join(sorted(keys))
        return [f"wrong key: it is signed by {one.key[:40] or '(nobody)'}, and the known keys are {known}"]
    try:
        keys[one.key].verify(one.signature, _said(one.text))
    except InvalidSignature:
        return ["edited: the signature does not fit what it states"]
    return []


def _chain(one: Signed, before: Signed | None, keys: Keys) -> list[str]:
    number = one.stated.number
    if number <= 1:
        return ["broken chain: the first certificate names one before it"] if one.stated.previous_digest else []
    if before is None:
        return [f"broken chain: certificate {number - 1}, which comes before it, is not beside it"]
    if before.stated.number != number - 1 or before.digest != one.stated.previous_digest:
        return [f"broken chain: certificate {number - 1} is not the one that it was made after"]
    return [f"broken chain: certificate {number - 1}: {problem}" for problem in _signature(before, keys)]


def _said(text: str) -> bytes:
    return _DOMAIN + canonical_json(text).encode()


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
