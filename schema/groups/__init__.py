"""Groups of clusters."""
