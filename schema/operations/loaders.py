"""Loaders of operations: each reads what the same field of many objects needs in one query."""

from app.operations.queries import outputs, results
from app.tables.operations import Operation, OperationResult
from schema.loading import Loader, by_id, many, one

operation_by_id = by_id(Operation)
results_by_operation: Loader[int, list[OperationResult]] = many(results, lambda row: (row.operation_id, row))
output_by_result = one(outputs)
