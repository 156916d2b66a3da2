"""The command line over the GraphQL API: what `polyhelm` asks a server to do. It imports nothing of ours.

Modules are imported when a command needs them, so that help, completion and short commands start at once.
"""
