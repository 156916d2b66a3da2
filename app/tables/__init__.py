"""The database tables, one module for each subject."""
