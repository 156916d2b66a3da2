"""Admission of requests: request rates, and the number of documents that are parsed at once."""
