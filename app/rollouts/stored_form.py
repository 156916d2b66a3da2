"""The stored form of strategies, which differs in two ways from the form that a request gives. Its `secretHeaders` have
the ids of the secrets: a later secret of the same name may be one that the author could not use. And what stands in
`before` does not have its place there, which only messages about the request need. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

PLACE = "place"
"""The place of a check or an approval in `before`."""
_CHECKS = ("checksBefore", "checks")
_ID = "secretId"
_Header = Mapping[str, Any]


def as_stored(strategy: Mapping[str, Any], ids: Mapping[str, int]) -> dict[str, Any]:
    """A copy in the stored form, with the ids of the secrets with these names."""
    return _changed(strategy, lambda header: {**header, _ID: ids[header["secret"]]})


def as_shown(strategy: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of either form without what differs."""
    return _changed(strategy, _without_id)


def shown_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The specification of a check without the ids of secrets."""
    return _spec(spec, _without_id)


def secret_headers(strategy: Mapping[str, Any]) -> Iterator[_Header]:
    """All headers of a strategy that have values of secrets."""
    for wave in strategy["waves"]:
        for field in _CHECKS:
            for check in wave.get(field, ()):
                yield from check["spec"].get("secretHeaders", ())


def secret_ids(stored: Mapping[str, Any] | None) -> set[int]:
    """The ids of the secrets that the checks of a strategy send."""
    return set() if stored is None else {header[_ID] for header in secret_headers(stored)}


def _changed(strategy: Mapping[str, Any], change: Callable[[_Header], dict[str, Any]]) -> dict[str, Any]:
    waves = []
    for wave in strategy["waves"]:
        checks = {
            field: [_without_place(check) | {"spec": _spec(check["spec"], change)} for check in wave[field]]
            for field in _CHECKS
            if field in wave
        }
        approvals = {"approvals": _without_place(wave["approvals"])} if wave.get("approvals") else {}
        waves.append({**wave, **checks, **approvals})
    return {**strategy, "waves": waves}


def _without_place(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name != PLACE}


def _without_id(header: _Header) -> dict[str, Any]:
    return {name: value for name, value in header.items() if name != _ID}


def _spec(spec: Mapping[str, Any], change: Callable[[_Header], dict[str, Any]]) -> dict[str, Any]:
    if "secretHeaders" not in spec:
        return dict(spec)
    return {**spec, "secretHeaders": [change(header) for header in spec["secretHeaders"]]}
