"""Relay global ids: a type's name and a row's number, in base64."""

import base64
import binascii

import strawberry


def encode_id(type_name: str, row_id: int) -> strawberry.ID:
    return strawberry.ID(base64.b64encode(f"{type_name}:{row_id}".encode()).decode())


def decode_id(global_id: str) -> tuple[str, int] | None:
    """The type's name and the row's number; None for what never was an id."""
    try:
        type_name, colon, number = base64.b64decode(global_id, validate=True).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        return None
    if not colon or not number.isdecimal() or len(number) > 18:
        return None
    return type_name, int(number)


def row_id(global_id: str, type_name: str) -> int:
    """The row's number of an id of this type; 0, which no row has, for any other."""
    decoded = decode_id(global_id)
    return decoded[1] if decoded is not None and decoded[0] == type_name else 0
