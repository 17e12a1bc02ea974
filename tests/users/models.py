"""A user without username, one whose username is the phone, and one with a UUID for a key.

Below them what tests/elsewhere reads: phones of a site's users, and tables as other packages make them.
"""

import uuid

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import AbstractUser, PermissionsMixin
from django.db import models
from phonenumber_field.modelfields import PhoneNumberField


class EmailUser(AbstractBaseUser, PermissionsMixin):
    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    groups = user_permissions = None

    USERNAME_FIELD = "email"
    objects = BaseUserManager()


class PhoneUser(AbstractBaseUser, PermissionsMixin):
    phone = PhoneNumberField(unique=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    groups = user_permissions = None

    USERNAME_FIELD = "phone"
    objects = BaseUserManager()

    def __str__(self) -> str:
        return str(self.phone)


class UUIDUser(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    groups = models.ManyToManyField("auth.Group", blank=True, related_name="+")
    user_permissions = models.ManyToManyField("auth.Permission", blank=True, related_name="+")


class Contact(models.Model):  # noqa: DJ008
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="contacts"
    )
    phone = models.CharField(max_length=40, null=True)
    is_verified = models.BooleanField(default=False)
    verified_at = models.DateTimeField(null=True)
    verified_on = models.DateField(null=True)


class SMSVerification(models.Model):  # noqa: DJ008
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    created_at = models.DateTimeField()
    phone_number = models.CharField(max_length=128)
    is_verified = models.BooleanField(default=False)

    class Meta:
        db_table = "sms_verification"


class Invitation(models.Model):  # noqa: DJ008
    email = models.EmailField(unique=True)
    accepted = models.BooleanField(default=False)
    key = models.CharField(max_length=64, unique=True)
    sent = models.DateTimeField(null=True)
    inviter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True)

    class Meta:
        db_table = "invitations_invitation"
