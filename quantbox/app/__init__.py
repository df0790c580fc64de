"""Composition: the services of the program built in one place, the commands over them, the web application."""
