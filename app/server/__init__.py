"""The HTTP server: routes, connections, WebSockets, limits, and the pages."""
