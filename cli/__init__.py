"""The command line client of the GraphQL API.

It imports nothing of the server. Modules are imported when a command needs them, so that help, completion and short
commands start quickly.
"""
