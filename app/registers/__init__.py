"""Registers of error codes and kinds of events, and the reference pages that are printed from them."""
