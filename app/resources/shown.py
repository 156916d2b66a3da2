"""A live object as YAML that may be shown. Pure."""

from collections.abc import Mapping
from typing import Any

from app.releases.manifest import covered
from app.releases.references import HIDDEN
from app.releases.scrubbing import Scrubber
from app.yaml.writing import write


def as_shown(live: Mapping[str, Any], scrubber: Scrubber) -> str:
    """The object without `managedFields`. The data of Secrets is hidden, and so are the texts that the scrubber knows;
    everything else is shown as it is."""
    metadata = live.get("metadata")
    kept = dict(live)
    if isinstance(metadata, Mapping):
        kept["metadata"] = {name: value for name, value in metadata.items() if name != "managedFields"}
    # A value that is split between several places is found only in the whole text.
    return scrubber.clean(write(covered(kept, scrubber)), instead=f"# {HIDDEN}\n")
