"""The API, with Django REST framework: the extra ``[api]``."""

try:
    import drf_spectacular  # noqa: F401
    import rest_framework  # noqa: F401
except ImportError as error:  # pragma: no cover - tested in a process of its own
    raise ImportError(
        f"The API needs {error.name}, which is not installed. It comes with an extra: "
        'pip install "django-phone-invites[api]"'
    ) from error
