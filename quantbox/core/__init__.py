"""What every capability stands on: errors, texts, ids, clock, money, paths, processes, event bus, database engine."""
