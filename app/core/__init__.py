"""Shared by all packages: settings, the database and its transactions, errors, encryption, paging, telemetry."""
