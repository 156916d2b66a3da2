"""Step functions: what the steps of workflows do. Each step type with a function has a module here."""
