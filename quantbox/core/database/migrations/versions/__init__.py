"""Version scripts in the order of their numbers; a released script is never edited."""
