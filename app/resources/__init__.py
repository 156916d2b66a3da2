"""The objects of releases as they are on members: which are followed, what was seen, and the health of targets."""
