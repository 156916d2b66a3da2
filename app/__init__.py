"""The core of Polyhelm: packages in layers, in the order that `.importlinter` lists (docs/architecture.md)."""
