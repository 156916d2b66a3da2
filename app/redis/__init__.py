"""Everything that uses Redis: the job queue, notifications between processes, and rate limits."""
