"""The objects of releases on each member: listed and watched by kind, and written as their health changes."""
