"""Global IDs, nodes and connections, as Relay defines them."""
