"""Stored plans: made, commented on, approved, and applied exactly as they were shown."""
