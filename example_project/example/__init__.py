"""The example: the package under the routes that people know."""
