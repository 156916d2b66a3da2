"""Processes that run what others wrote: under limits of time and memory, without our environment, network or files."""
