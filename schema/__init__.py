"""The shape of the API: its types, inputs and errors. `schema.graphql` is the printed snapshot that reviews look at."""
