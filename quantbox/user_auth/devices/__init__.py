"""Browsers that are known again by a cookie: what they are called, what sessions on them may do, and forgetting them."""
