"""Secrets of an organization: kept sealed, never readable back, put into values by reference at the moment of use."""
