"""The messages between Functions host and Python worker, as classes of protobuf, as far as the worker uses them.

Names, kinds and alternatives are those of the protocol (azure-functions-language-worker-protobuf, FunctionRpc.proto);
numbers are our own, because nothing here is sent. What counts is that protobuf refuses the same values.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, message_factory, timestamp_pb2

_MESSAGES = {
    "TypedData": "string:string|json:string|bytes:bytes|stream:bytes|http:RpcHttp|int:sint64|double:double"
    "|collection_bytes:CollectionBytes|collection_string:CollectionString|collection_double:CollectionDouble"
    "|collection_sint64:CollectionSInt64",
    "CollectionBytes": "bytes:bytes*",
    "CollectionString": "string:string*",
    "CollectionDouble": "double:double*",
    "CollectionSInt64": "sint64:sint64*",
    "RpcHttp": "method:string url:string headers:map body:TypedData params:map status_code:string query:map "
    "enable_content_negotiation:bool cookies:RpcHttpCookie*",
    "RpcHttpCookie": "name:string value:string domain:NullableString path:NullableString expires:NullableTimestamp "
    "secure:NullableBool http_only:NullableBool same_site:.SameSite max_age:NullableDouble",
    "NullableString": "value:string",
    "NullableDouble": "value:double",
    "NullableBool": "value:bool",
    "NullableTimestamp": "value:google.protobuf.Timestamp",
    "BindingInfo": "type:string direction:.Direction data_type:.DataType",
    "RpcFunctionMetadata": "name:string directory:string script_file:string entry_point:string bindings:BindingInfo@ "
    "is_proxy:bool language:string raw_bindings:string* function_id:string managed_dependency_enabled:bool "
    "retry_options:RpcRetryOptions properties:map",
    "RpcRetryOptions": "max_retry_count:int32 delay_interval:google.protobuf.Duration "
    "minimum_interval:google.protobuf.Duration maximum_interval:google.protobuf.Duration retry_strategy:.RetryStrategy",
    "RpcException": "source:string stack_trace:string message:string",
    "StatusResult": "status:.Status result:string exception:RpcException",
    "WorkerMetadata": "runtime_name:string runtime_version:string worker_version:string worker_bitness:string "
    "custom_properties:map",
    "WorkerInitResponse": "worker_version:string capabilities:map result:StatusResult worker_metadata:WorkerMetadata",
    "ParameterBinding": "name:string data:TypedData",
    "RpcTraceContext": "trace_parent:string trace_state:string attributes:map",
    "RetryContext": "retry_count:int32 max_retry_count:int32 exception:RpcException",
    "InvocationRequest": "invocation_id:string function_id:string input_data:ParameterBinding* "
    "trigger_metadata:TypedData@ trace_context:RpcTraceContext retry_context:RetryContext",
    "InvocationResponse": "invocation_id:string output_data:ParameterBinding* result:StatusResult "
    "return_value:TypedData",
}
"""Fields by message: `*` is a list, `map` goes from text to text, `@` from text to messages, `|` stands between
alternatives, and a kind that begins with a point is an enumeration."""
_ENUMS = {
    "SameSite": ("RpcHttpCookie", "None", "Lax", "Strict", "ExplicitNone"),
    "Direction": ("BindingInfo", "in", "out", "inout"),
    "DataType": ("BindingInfo", "undefined", "string", "binary", "stream"),
    "RetryStrategy": ("RpcRetryOptions", "exponential_backoff", "fixed_delay"),
    "Status": ("StatusResult", "Failure", "Success", "Cancelled"),
}
"""Values by enumeration, behind the message that it belongs to."""
_PACKAGE = "reference"
_ALTERNATIVES = {"TypedData": "data", "ParameterBinding": "rpc_data"}
_Field = descriptor_pb2.FieldDescriptorProto


def protocol() -> ModuleType:
    """A module with a class for each message, as the worker gets it from its proxy."""
    file = descriptor_pb2.FileDescriptorProto(name="reference.proto", package=_PACKAGE, syntax="proto3")
    file.dependency.extend(["google/protobuf/duration.proto", "google/protobuf/timestamp.proto"])
    for name, fields in _MESSAGES.items():
        _describe(file.message_type.add(name=name), fields)
    pool = descriptor_pool.Default()
    for known in (duration_pb2, timestamp_pb2):
        pool.FindFileByName(known.DESCRIPTOR.name)
    pool.Add(file)
    module = ModuleType("protos")
    for name in _MESSAGES:
        found = pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")
        setattr(module, name, message_factory.GetMessageClass(found))
    sys.modules[module.__name__] = module
    return module


def _describe(message: Any, fields: str) -> None:
    name = message.name
    for enum, (owner, *values) in _ENUMS.items():
        if owner == name:
            described = message.enum_type.add(name=enum)
            for number, value in enumerate(values):
                described.value.add(name=value, number=number)
    if name in _ALTERNATIVES:
        message.oneof_decl.add(name=_ALTERNATIVES[name])
    for number, field in enumerate(fields.replace("|", " ").split(), start=1):
        _add_field(message, field, number, may_be_alternative=field != "name:string")


def _add_field(message: Any, field: str, number: int, *, may_be_alternative: bool) -> None:
    name, _, kind = field.partition(":")
    added = message.field.add(name=name, number=number, label=_Field.LABEL_OPTIONAL)
    if kind == "map" or kind.endswith("@"):
        added.label = _Field.LABEL_REPEATED
        entry = message.nested_type.add(name="".join(part.title() for part in name.split("_")) + "Entry")
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, label=_Field.LABEL_OPTIONAL, type=_Field.TYPE_STRING)
        _set_kind(entry.field.add(name="value", number=2, label=_Field.LABEL_OPTIONAL), message, kind.rstrip("@"))
        added.type, added.type_name = _Field.TYPE_MESSAGE, f".{_PACKAGE}.{message.name}.{entry.name}"
        return
    if kind.endswith("*"):
        added.label = _Field.LABEL_REPEATED
    elif message.name in _ALTERNATIVES and may_be_alternative:
        added.oneof_index = 0
    _set_kind(added, message, kind.rstrip("*"))


def _set_kind(field: Any, message: Any, kind: str) -> None:
    if kind.startswith("."):
        field.type, field.type_name = _Field.TYPE_ENUM, f".{_PACKAGE}.{message.name}{kind}"
    elif kind in _MESSAGES:
        field.type, field.type_name = _Field.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
    elif kind.startswith("google."):
        field.type, field.type_name = _Field.TYPE_MESSAGE, f".{kind}"
    else:
        field.type = getattr(_Field, f"TYPE_{'STRING' if kind == 'map' else kind.upper()}")
