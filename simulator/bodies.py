"""Reads objects and patches from the bodies of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import yaml

from simulator import patches, protobuf
from simulator.errors import bad_request, invalid, unsupported_media_type

if TYPE_CHECKING:
    from aiohttp import web

    from simulator.records import Object
    from simulator.requests import Ask


async def read(http: web.BaseRequest) -> Object:
    body = await http.read()
    try:
        match http.content_type:
            case protobuf.CONTENT_TYPE:
                return protobuf.read(body)
            case "application/yaml":
                content = yaml.load(body, yaml.CSafeLoader)
            case "application/json" | "application/octet-stream":  # aiohttp's value for no type, read as JSON
                content = orjson.loads(body)
            case other:
                accepted = ["application/json", "application/yaml", protobuf.CONTENT_TYPE]
                raise unsupported_media_type(other, accepted)
    except (ValueError, yaml.YAMLError) as error:
        raise bad_request(f"the object provided is unrecognized: {error}") from error
    if not isinstance(content, dict):
        raise bad_request("the object provided is unrecognized: it is not a map")
    return content


async def read_patch(http: web.BaseRequest, ask: Ask) -> Any:
    body = await http.read()
    applied = http.content_type in patches.APPLY
    if applied and not ask.query.get("fieldManager"):
        cause = ("FieldValueRequired", "Required value: is required for apply patch", "fieldManager")
        raise invalid("meta.k8s.io", "PatchOptions", "", [cause])
    try:
        return yaml.load(body, yaml.CSafeLoader) if applied else orjson.loads(body)
    except (ValueError, yaml.YAMLError) as error:
        raise bad_request(f"error decoding patch: {error}") from error
