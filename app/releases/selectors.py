"""Selects clusters by what is known of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from app.releases.version_ranges import VersionRange

MAX_CHOICES = 100
"""The maximum number of labels in a selector, and of values for one of its conditions."""
MAX_CHARACTERS = 253

_LISTS = ("cloud", "region", "distribution")
KEYS = ("labels", *_LISTS, "kubernetesVersion")


@dataclass(frozen=True)
class ClusterFacts:
    """What is known of a cluster, and the name of its group."""

    name: str
    cloud: str
    distribution: str
    region: str | None
    labels: Mapping[str, str]
    kubernetes_version: str
    group: str

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> "ClusterFacts":
        return cls(
            name=stored["name"],
            cloud=stored["cloud"],
            distribution=stored["distribution"],
            region=stored["region"],
            labels=stored["labels"],
            kubernetes_version=stored["kubernetesVersion"],
            group=stored["group"],
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "cloud": self.cloud,
            "distribution": self.distribution,
            "region": self.region,
            "labels": dict(self.labels),
            "kubernetesVersion": self.kubernetes_version,
            "group": self.group,
        }


@dataclass(frozen=True)
class Selector:
    """Selects the clusters that meet every condition. A condition with several values is met by any of them; a selector
    without conditions selects every cluster."""

    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    cloud: Sequence[str] = ()
    region: Sequence[str] = ()
    distribution: Sequence[str] = ()
    kubernetes_version: str | None = None

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> "Selector":
        """A selector from valid JSON: a condition with one value may be a text instead of a list."""
        lists: dict[str, Any] = {name: tuple(_listed(stored.get(name) or ())) for name in _LISTS}
        labels = {key: tuple(_listed(values)) for key, values in (stored.get("labels") or {}).items()}
        return cls(labels=labels, kubernetes_version=stored.get("kubernetesVersion"), **lists)

    def as_json(self) -> dict[str, Any]:
        """The conditions that there are; one value is a text."""
        found: dict[str, Any] = {
            "labels": {key: _shortened(values) for key, values in self.labels.items()},
            **{name: _shortened(getattr(self, name)) for name in _LISTS},
            "kubernetesVersion": self.kubernetes_version,
        }
        return {name: value for name, value in found.items() if value}

    def matches(self, facts: ClusterFacts) -> bool:
        return (
            all(facts.labels.get(key) in values for key, values in self.labels.items())
            and (not self.cloud or facts.cloud in self.cloud)
            and (not self.region or facts.region in self.region)
            and (not self.distribution or facts.distribution in self.distribution)
            and (self._versions is None or self._versions.allows(facts.kubernetes_version))
        )

    def __str__(self) -> str:
        conditions = [f"{key}={'|'.join(values)}" for key, values in self.labels.items()]
        conditions += [f"{name}={'|'.join(values)}" for name in _LISTS if (values := getattr(self, name))]
        conditions += [f"kubernetesVersion {self.kubernetes_version}"] if self.kubernetes_version else []
        return ", ".join(conditions) or "every cluster"

    @cached_property
    def _versions(self) -> VersionRange | None:
        return VersionRange.parse(self.kubernetes_version) if self.kubernetes_version else None


def problems(stored: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yields (path, message) for everything that makes a JSON value invalid as a selector."""
    if not isinstance(stored, Mapping):
        yield (), "A selector is a map of conditions."
        return
    for name in sorted(stored.keys() - set(KEYS)):
        yield (name,), f"A selector has the conditions {', '.join(KEYS)}."
    labels = stored.get("labels") or {}
    if not isinstance(labels, Mapping) or len(labels) > MAX_CHOICES:
        yield ("labels",), f"Labels are a map of at most {MAX_CHOICES} keys to strings, or to lists of strings."
    else:
        for key, values in labels.items():
            if not _are_texts(values) or (isinstance(values, list) and not values):
                yield ("labels", key), "The value of a label is a string, or a list of the strings that it may be."
    for name in _LISTS:
        if not _are_texts(stored.get(name) or []):
            yield (name,), f"{name} is a string, or a list of the strings that it may be."
    version = stored.get("kubernetesVersion")
    if version is not None and not isinstance(version, str):
        yield ("kubernetesVersion",), "A version constraint is a string such as `>=1.28 <1.31`."
    elif version:
        try:
            VersionRange.parse(version)
        except ValueError as error:
            yield ("kubernetesVersion",), str(error)


def _are_texts(values: Any) -> bool:
    texts = _listed(values) if isinstance(values, str | list | tuple) else None
    return (
        texts is not None
        and len(texts) <= MAX_CHOICES
        and all(isinstance(text, str) and len(text) <= MAX_CHARACTERS and "\x00" not in text for text in texts)
    )


def _listed(values: Any) -> Sequence[Any]:
    return (values,) if isinstance(values, str) else values


def _shortened(values: Sequence[str]) -> Any:
    return values[0] if len(values) == 1 else list(values)
