"""What every room uses: settings, the database and its transactions, errors, encryption, paging, telemetry."""
