"""Which addresses Polyhelm may connect to, and the connections themselves."""
