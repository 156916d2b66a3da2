"""What the API says to requests that are not right."""

from tests.stack import Stack


async def test_a_variable_that_is_no_member_of_its_enum_is_told_as_such(quiet: Stack) -> None:
    query = "query ($status: [TargetStatus!]) { deployments(status: $status) { nodes { id } } }"
    (error,) = (await quiet.ask(query, status=["NOPE"]))["errors"]
    assert "Value 'NOPE' does not exist in 'TargetStatus' enum" in error["message"]
    assert error.get("extensions", {}).get("code") != "internal"
