"""Plans as answers: what a change would do, and what it removes. Stored plans are a subject of their own."""
