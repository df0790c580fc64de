"""Hostile texts through every door of the program."""
