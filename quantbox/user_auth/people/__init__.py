"""People: names, roles and password verifiers."""
