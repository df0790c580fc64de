"""Where bars come from: one file per source behind the seam of ``base.py``."""
