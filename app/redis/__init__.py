"""What runs through Redis: the job queue, notifications between processes, and rate limits."""
