"""URLs of the tests: the pages and, where REST framework is installed, the API."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("user/", include("django_phone_invites.web.urls")),
]
if settings.HAS_DRF:
    urlpatterns += [path("api/", include("django_phone_invites.api.urls"))]
