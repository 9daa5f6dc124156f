"""Notebooks, to be run and changed: with the library alone, outside the lab."""
