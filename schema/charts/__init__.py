"""Chart repositories and charts."""
