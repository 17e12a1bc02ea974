"""Where drfpasswordless lets people in."""

from django.conf import settings
from django.urls import include, path

urlpatterns = (
    [path("", include("drfpasswordless.urls"))] if "drfpasswordless" in settings.PACKAGES else []
)
