"""Interprets plain scalars by the rules of Go's yaml.v2, and converts map keys to JSON."""

import base64
import binascii
import math
import re
import struct

Scalar = str | int | float | bool | None


class ScalarError(ValueError):
    """A scalar contradicts its tag, or has no form in JSON. The message states which."""


NULL, BOOL, INT, FLOAT, TEXT = "null", "bool", "int", "float", "str"
_TAGS = "tag:yaml.org,2002:"

_WORDS: dict[str, tuple[str, Scalar]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), (BOOL, True)),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), (BOOL, False)),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), (NULL, None)),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), (FLOAT, math.nan)),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), (FLOAT, math.inf)),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), (FLOAT, -math.inf)),
}
_NUMERIC = frozenset("+-.0123456789")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]([0-7]+)|0[bB]([01]+)|0([0-7]*)|([1-9][0-9]*))", re.ASCII)
_BASES = (16, 8, 2, 8, 10)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
# After a leading dot, Go allows an underscore only between two digits.
_FRACTION = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?", re.ASCII)
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(?:[Tt ][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})?)?",
    re.ASCII,
)
_SHORT_EXPONENT = 6
_LONGEST_INTEGER = 64
"""Digits without leading zeros: 64 bits have no more in any base."""


def resolve(text: str) -> tuple[str, Scalar]:
    """Returns the kind and the value of a plain scalar without a tag."""
    if (word := _WORDS.get(text)) is not None:
        return word
    if text[0] not in _NUMERIC:
        return TEXT, text
    if text[0] == ".":
        number = _finite(text.replace("_", "")) if _FRACTION.fullmatch(text) else None
        return (TEXT, text) if number is None else (FLOAT, number)
    plain = text.replace("_", "")
    if (whole := _integer(plain)) is not None:
        return INT, whole
    number = _finite(plain) if _FLOAT.fullmatch(plain) else None
    return (TEXT, text) if number is None else (FLOAT, number)


def tagged(tag: str, text: str) -> Scalar:
    """Returns the value of a scalar with a tag.

    Raises:
        ScalarError: It does not have that type.
    """
    name = tag.removeprefix(_TAGS)
    if name == "binary":
        return _binary(text)
    if name not in (NULL, BOOL, INT, FLOAT, "timestamp"):
        return text  # `!!str`, or an unknown tag
    if name == "timestamp":
        if not _TIMESTAMP.fullmatch(text):
            raise ScalarError(f"{text[:50]!r} is not a timestamp")
        return text
    kind, value = resolve(text)
    if kind == name:
        return value
    if name == FLOAT and isinstance(value, int) and not isinstance(value, bool) and value < 2**63:
        return float(value)
    raise ScalarError(f"{text[:50]!r} is not of the type !!{name}")


def key_text(value: Scalar) -> str:
    """Returns the key of a JSON object for a scalar.

    Raises:
        ScalarError: Helm does not accept it as a key.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return short_float(value)
    if value is None or value >= 2**63:
        raise ScalarError("a key may be neither null nor a whole number beyond 64 bits with a sign")
    return str(value)


def as_text(value: object) -> str | None:
    """Returns a scalar as text where Helm expects text, as in Chart.yaml: numbers and booleans are converted.
    Returns None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return short_float(value) if isinstance(value, float) else None


def short_float(value: float) -> str:
    """Formats a number with the fewest digits that distinguish it among 32-bit numbers, as Go's `%g`."""
    if math.isnan(value):
        return ".nan"
    try:
        rounded = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        rounded = math.copysign(math.inf, value)
    if math.isinf(rounded):
        return ".inf" if rounded > 0 else "-.inf"
    for digits in range(9):
        shortest = f"{rounded:.{digits}e}"
        if struct.unpack("f", struct.pack("f", float(shortest)))[0] == rounded:
            break
    mantissa, exponent = shortest.split("e")
    if int(exponent) < -4 or int(exponent) >= _SHORT_EXPONENT:
        return f"{mantissa}e{exponent}"
    decimals = len(mantissa.strip("-").replace(".", "")) - 1 - int(exponent)
    return f"{float(shortest):.{max(decimals, 0)}f}"


def _integer(plain: str) -> int | None:
    match = _INTEGER.fullmatch(plain)
    if match is None:
        return None
    sign, *forms = match.groups()
    digits, base = next((digits, base) for digits, base in zip(forms, _BASES, strict=True) if digits is not None)
    digits = digits.lstrip("0")
    if len(digits) > _LONGEST_INTEGER:
        return None
    number = int(digits or "0", base)
    if sign == "-":
        return -number if number <= 2**63 else None
    return number if number < (2**63 if sign else 2**64) else None


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _binary(text: str) -> str:
    try:
        return base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True).decode(errors="replace")
    except (binascii.Error, ValueError):
        raise ScalarError("a !!binary value is not base64") from None
