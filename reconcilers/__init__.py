"""What works without being asked: the worker that makes targets true, the observer of members, the sweeper."""
