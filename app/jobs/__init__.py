"""Open jobs: which are due, the lease of the worker that does one, and jobs whose function is in a higher package."""
