"""The objects of releases on clusters."""
