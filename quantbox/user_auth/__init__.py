"""user_auth."""
