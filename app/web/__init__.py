"""How the API is spoken to: GraphQL over HTTP and WebSockets, and what each connection and request may take."""
