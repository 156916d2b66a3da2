"""Words of others, as far as they can be shown."""

import pytest

from app.releases.texts import without_objects

SHOWN = "patch: Invalid value: (the object, which is not shown)"
CAUSE = ": cannot convert int64 to string"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (
            r'"" is invalid: patch: Invalid value: "{\"data\":{\"b\":\"aHVudGVyMg==\"}}"' + CAUSE,
            f'"" is invalid: {SHOWN}{CAUSE}',
        ),
        (f'patch: Invalid value: "map[stringData:map[b:hunter2]]"{CAUSE}', SHOWN + CAUSE),
        (f'patch: Invalid value: "a"{CAUSE}\npatch: Invalid value: "b"{CAUSE}', f"{SHOWN}{CAUSE}\n{SHOWN}{CAUSE}"),
        (r'patch: Invalid value: "{\"data\":{\"b\":\"aHVud', SHOWN),
        ('patch: Invalid value: "' + '\\\\"', SHOWN),
        ('spec.replicas: Invalid value: "two"', 'spec.replicas: Invalid value: "two"'),
    ],
    ids=["as JSON", "as Go writes maps", "twice", "cut off", "an escape at the end", "a field"],
)
def test_whole_objects_that_an_api_server_quotes_are_not_shown(words: str, shown: str) -> None:
    assert without_objects(words) == shown


def test_a_long_object_takes_no_long_time() -> None:
    assert without_objects('patch: Invalid value: "' + '\\"' * 10**6) == SHOWN
