"""What `make bench` measures, each beside what a user would run instead: `python -m benchmarks`."""
