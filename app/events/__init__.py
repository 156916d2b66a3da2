"""Events in the order in which they were committed. The timeline and the audit read them."""
