"""The API, with Django REST framework: the extra ``[api]``."""
