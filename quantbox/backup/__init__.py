"""Backups: one encrypted file that brings everything back, on schedule and by hand, here and off-site."""
