"""The admin, without what it must not show."""

from django.contrib import admin
from rest_framework.authtoken.models import TokenProxy

# REST framework's list shows whole tokens: whoever sees one is logged in as somebody else.
admin.site.unregister(TokenProxy)
