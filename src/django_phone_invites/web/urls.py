"""``include("django_phone_invites.web.urls")``: the pages, at their routes."""

from django.urls import path

from django_phone_invites.routes import WEB_NAMESPACE, web_path
from django_phone_invites.web import views

app_name = WEB_NAMESPACE

urlpatterns = [
    path(web_path("phone"), views.PhoneView.as_view(), name="phone"),
    path(web_path("verify"), views.VerifyView.as_view(), name="verify"),
    path(web_path("code"), views.CodeView.as_view(), name="code"),
    path(web_path("profile"), views.ProfileView.as_view(), name="profile"),
    path(web_path("invitees"), views.InviteesView.as_view(), name="invitees"),
    path(web_path("number"), views.NumberView.as_view(), name="number"),
    path(web_path("number_code"), views.NumberCodeView.as_view(), name="number_code"),
    path(web_path("undo_form"), views.UndoFormView.as_view(), name="undo_form"),
    path(web_path("undo"), views.UndoView.as_view(), name="undo"),
    path(web_path("logins"), views.LoginsView.as_view(), name="logins"),
    path(web_path("logout"), views.LogoutView.as_view(), name="logout"),
]
