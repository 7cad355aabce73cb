"""This plugin lets buf run the gRPC generator of grpcio-tools.

buf has no built-in name for that generator and grpcio-tools ships no binary of it,
but its protoc accepts the descriptors that buf hands to every plugin.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.compiler import plugin_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc


def main() -> None:
    """Answer the CodeGeneratorRequest on standard input."""
    request = plugin_pb2.CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    response = plugin_pb2.CodeGeneratorResponse(
        supported_features=plugin_pb2.CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL,
        file=generated(request),
    )
    sys.stdout.buffer.write(response.SerializeToString())


def generated(request: plugin_pb2.CodeGeneratorRequest) -> Iterator[plugin_pb2.CodeGeneratorResponse.File]:
    """Yield the stubs of every requested file that declares a service."""
    wanted = set(request.file_to_generate)
    names = sorted(file.name for file in request.proto_file if file.service and file.name in wanted)
    if not names:
        return
    with tempfile.TemporaryDirectory() as folder:
        run_protoc(FileDescriptorSet(file=request.proto_file), names, Path(folder))
        for name in names:
            path = name.removesuffix(".proto") + "_pb2_grpc.py"
            content = (Path(folder) / path).read_text()
            yield plugin_pb2.CodeGeneratorResponse.File(name=path, content=content)


def run_protoc(descriptors: FileDescriptorSet, names: list[str], folder: Path) -> None:
    """Write the stubs of *names* below *folder*."""
    image = folder / "image.binpb"
    image.write_bytes(descriptors.SerializeToString())
    code = protoc.main(["protoc", f"--descriptor_set_in={image}", f"--grpc_python_out={folder}", *names])
    if code != 0:
        sys.exit(f"protoc left with status {code} for {', '.join(names)}")


if __name__ == "__main__":
    main()
