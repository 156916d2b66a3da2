"""Open jobs: which are due, and the lease of the worker that does one."""
