"""How operations are read, limited, executed and audited."""
