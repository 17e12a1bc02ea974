"""Sphinx: ``python -m sphinx -W -b html docs docs/_build/html``."""

from django_phone_invites import __version__

project = "django-phone-invites"
author = "django-phone-invites contributors"
project_copyright = author
release = version = __version__

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]

myst_heading_anchors = 3

html_theme = "furo"
html_title = f"django-phone-invites {release}"
# Straight quotes: most of what is quoted here is code.
smartquotes = False
