"""Orders, fills, positions and accounts: the words of trading (models) and the one simulated exchange (simulation)."""
