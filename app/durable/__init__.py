"""The engine that executes the runs of workflows durably, and how a process opens it."""
