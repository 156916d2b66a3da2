"""The services of an organization: the definitions that ship with Polyhelm, and its own ones, as stored."""
