"""URLs of the example."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import (
    SpectacularAPIView,
    SpectacularRedocView,
    SpectacularSwaggerSplitView,
)

from example import views

swagger = SpectacularSwaggerSplitView.as_view(url_name="schema")
# Redoc's own page fetches fonts from the internet; this one does not.
redoc = SpectacularRedocView.as_view(url_name="schema", template_name="example/redoc.html")
icon = RedirectView.as_view(url=f"{settings.STATIC_URL}example/icon.svg")

handler400 = "example.views.bad_request"

urlpatterns = [
    path("", views.start, name="start"),
    path("favicon.ico", icon),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("user/", include("django_phone_invites.web.urls")),
    path("api_user/", include("django_phone_invites.api.urls")),
    path("api_user/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api_user/docs/", views.from_here_only(swagger), name="docs"),
    path("api_user/redoc/", views.from_here_only(redoc), name="redoc"),
    re_path(r"^api_user(?:/|$)", views.api_not_found),
]
if settings.DEBUG:
    urlpatterns += [path("phone/", views.phone, name="phone")]
