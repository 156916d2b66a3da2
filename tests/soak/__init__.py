"""Random steps of users, under faults, beside an oracle.

Postgres, Redis, an API, two workers and two observers run as processes of their own, with a line to Postgres and one to
Redis for each; the members, simulated and real, are behind a proxy and a line each. Steps and faults come in bursts.
After each burst all is healed, and within a bounded time all must be as what the API acknowledged wants it, by what the
tests themselves read on the members.

    python -m tests.soak --steps 5000 --seed 7
"""
