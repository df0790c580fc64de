"""The chain of schema changes: one self-contained script a revision, each following the one before."""
