"""Events: what happened, in the order in which it became true; the timeline and the audit log read them."""
