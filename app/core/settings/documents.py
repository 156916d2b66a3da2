"""GraphQL documents: their size, cost and time, and subscriptions."""

from pydantic import Field

from app.core.settings.group import Seconds, SettingsGroup


class DocumentSettings(SettingsGroup):
    query_length: int = Field(100_000, ge=1, description="The maximum length of a GraphQL document, in characters.")
    query_tokens: int = Field(5_000, ge=1, description="The maximum number of tokens in a GraphQL document.")
    anonymous_query_tokens: int = Field(
        1_000, ge=1, description="The maximum number of tokens in a GraphQL document of a caller who is not signed in."
    )
    query_depth: int = Field(15, ge=1, description="The maximum depth of nested fields in a GraphQL document.")
    query_fields: int = Field(
        2_000, ge=1, description="The maximum number of fields in a GraphQL document with expanded fragments."
    )
    query_aliases: int = Field(
        100, ge=0, description="The maximum number of aliases in a GraphQL document with expanded fragments."
    )
    query_root_fields: int = Field(50, ge=1, description="The maximum number of root fields in a GraphQL document.")
    query_directives: int = Field(100, ge=0, description="The maximum number of directives in a GraphQL document.")
    query_cost: int = Field(
        100_000,
        ge=1,
        description="The maximum cost of a GraphQL document: the estimated number of fields in its answer"
        " (docs/limits.md).",
    )
    filter_length: int = Field(
        100, ge=1, description="The maximum number of entries in a list argument of a query or subscription."
    )
    input_length: int = Field(
        5_000,
        ge=1,
        description="The maximum number of entries in a list of a mutation's input, such as clusters or overrides.",
    )
    operation_timeout: Seconds = Field(
        60, description="How long a query or mutation can take, in seconds. It does not apply to subscriptions."
    )
    socket_operations: int = Field(100, ge=1, description="The maximum number of operations at once on one WebSocket.")
    subscriptions: int = Field(20_000, ge=1, description="The maximum number of subscriptions of an API process.")
    user_subscriptions: int = Field(
        2_000, ge=1, description="The maximum number of subscriptions of one user in each API process."
    )
