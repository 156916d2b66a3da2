"""Each GraphQL call turned into one call of a use case or a query; no SQL, no rules."""
