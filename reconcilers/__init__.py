"""Background processes: the worker that reconciles targets, the observer of members, and the sweeper."""
