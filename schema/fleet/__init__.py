"""The overview of the fleet."""
