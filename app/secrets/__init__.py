"""Secrets of an organization: stored encrypted, never readable again, referenced by values."""
