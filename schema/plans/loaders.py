"""Loaders of plans: each reads what the same field of many objects needs in one query."""

from app.plans.queries import comments, plans, standings, texts
from app.tables.plans import PlanComment
from schema.loading import Loader, existing, many, one

plan_by_id = one(plans)
standing_by_plan = existing(standings)
text_by_number = existing(texts)
"""By the plan's number and the text's."""
comments_by_plan: Loader[int, list[PlanComment]] = many(comments, lambda row: (row.plan_id, row))
