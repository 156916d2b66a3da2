"""Which addresses Polyhelm connects to, and how it does."""
