"""The listeners: connections, requests off them, and the bounds that keep slow or silent clients harmless."""
