"""Engines that run the models: DuckDB first."""
