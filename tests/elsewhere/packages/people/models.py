"""Users as a site of drfpasswordless or allauth has them."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class Member(AbstractUser):
    mobile = models.CharField(max_length=20, unique=True, null=True)
    mobile_verified = models.BooleanField(default=False)
    mobile_verified_at = models.DateTimeField(null=True)
