"""Expressions in CEL, the language of Kubernetes' validation rules. The only home of cel-expr-python."""
