"""Which requests are admitted: how often a caller may ask, and how many documents are parsed at once."""
