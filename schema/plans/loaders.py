"""Loaders of plans: each reads what the same field of many objects needs in one query."""

from app.plans.queries import approval_statuses, comments, plans, texts
from app.tables.plans import PlanComment
from schema.loading import Loader, existing, many, one

plan_by_id = one(plans)
approval_status_by_plan = existing(approval_statuses)
text_by_number = existing(texts)
"""By the plan's number and the text's."""
comments_by_plan: Loader[int, list[PlanComment]] = many(comments, lambda row: (row.plan_id, row))
