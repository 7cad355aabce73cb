from pal.service.v1 import recorder_service_pb2 as _recorder_service_pb2
from pal.service.v1 import registry_service_pb2 as _registry_service_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExportRecord(_message.Message):
    __slots__ = ("document", "artifact", "artifact_chunk", "run")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_CHUNK_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    document: _registry_service_pb2.Document
    artifact: _recorder_service_pb2.ArtifactHeader
    artifact_chunk: bytes
    run: _recorder_service_pb2.RecordFrame
    def __init__(self, document: _Optional[_Union[_registry_service_pb2.Document, _Mapping]] = ..., artifact: _Optional[_Union[_recorder_service_pb2.ArtifactHeader, _Mapping]] = ..., artifact_chunk: _Optional[bytes] = ..., run: _Optional[_Union[_recorder_service_pb2.RecordFrame, _Mapping]] = ...) -> None: ...
