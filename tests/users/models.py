"""A user without username, one whose username is the phone, and one with a UUID for a key."""

import uuid

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
