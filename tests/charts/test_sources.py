"""The kinds of chart repositories, each of which is registered once."""

import pytest

from app.charts.codes import ChartCode
from app.charts.sources import ADDRESSES, BY_KIND, INDEXED, REMOTE, SOURCES, kind_of
from app.core.errors import ValidationFailed
from app.tables.charts import ChartRepositoryKind as Kind


def test_each_kind_has_one_source_and_no_scheme_has_two() -> None:
    assert [source.kind for source in SOURCES] == list(Kind)
    assert set(BY_KIND) == set(Kind)
    schemes = [scheme for source in SOURCES for scheme in source.schemes]
    assert sorted(schemes) == sorted(set(schemes))
    assert (INDEXED, REMOTE) == ((Kind.HTTP,), (Kind.HTTP, Kind.OCI))


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://charts.example", Kind.HTTP),
        ("HTTP://charts.example", Kind.HTTP),
        ("oci://registry.example/charts", Kind.OCI),
    ],
)
def test_the_scheme_of_an_address_decides_about_the_kind(url: str, kind: Kind) -> None:
    assert kind_of(url) is kind


@pytest.mark.parametrize("url", ["git://charts.example", "charts.example", "https:/charts.example", ""])
def test_an_address_of_no_kind_is_refused_with_those_that_there_are(url: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        kind_of(url)
    (problem,) = refused.value.problems
    assert (refused.value.code, problem.message) == (
        ChartCode.URL_NOT_SUPPORTED,
        f"The address of a chart repository is {ADDRESSES}.",
    )
    assert ADDRESSES == "https://host/path or oci://host/path"
