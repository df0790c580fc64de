"""Signing in: the steps from a name to a session, and the growing delay after wrong guesses."""
