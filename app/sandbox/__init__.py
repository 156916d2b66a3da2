"""Processes that run untrusted input, with limits of time and memory and without environment, network or files."""
