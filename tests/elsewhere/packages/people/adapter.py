"""What a site of django-allauth writes to log in by phone."""

from allauth.account.adapter import DefaultAccountAdapter


class Adapter(DefaultAccountAdapter):
    def get_phone(self, user):
        return (user.mobile, user.mobile_verified) if user.mobile else None

    def set_phone(self, user, phone, verified):
        # Not save(): on it drfpasswordless takes back what it has not verified itself.
        members = type(user).objects.filter(pk=user.pk)
        members.update(mobile=phone, mobile_verified=verified)
