"""Groups: clusters under one name, and the features that can be on or off for them."""
