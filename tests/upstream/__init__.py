"""Model servers for tests: one that fails on purpose, and one that others wrote."""
