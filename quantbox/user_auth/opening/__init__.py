"""Opening the store by the pass phrase, which signs nobody in but the owner who has no password yet or forgot it."""
