"""The core of Polyhelm: rooms on floors, in the order that `.importlinter` lists (docs/architecture.md)."""
