"""URLs of the example."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView

from example import views

# Redoc's own page fetches fonts from the internet; this one does not.
redoc = SpectacularRedocView.as_view(url_name="schema", template_name="example/redoc.html")

urlpatterns = [
    path("", views.start, name="start"),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("user/", include("django_phone_invites.web.urls")),
    path("api_user/", include("django_phone_invites.api.urls")),
    path("api_user/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api_user/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("api_user/redoc/", redoc, name="redoc"),
]
if settings.DEBUG:
    urlpatterns += [path("phone/", views.phone, name="phone")]
