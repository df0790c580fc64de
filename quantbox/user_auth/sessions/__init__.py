"""Sessions of people in browsers, and the devices those browsers are."""
