"""``include("django_phone_invites.api.urls")``: at the paths of ``PHONE_INVITES_API_ROUTES``."""

from django.urls import path

from django_phone_invites.api import views
from django_phone_invites.routes import API_NAMESPACE, api_path

app_name = API_NAMESPACE

urlpatterns = [
    # First, so that a path such as "<str:pk>/" for one of the others leaves them reachable.
    path(api_path("logout"), views.LogoutView.as_view(), name="logout"),
    path(api_path("number_undo"), views.UndoChangeView.as_view(), name="number_undo"),
    path(api_path("number"), views.RequestChangeView.as_view(), name="number"),
    path(api_path("number_code"), views.ChangeNumberView.as_view(), name="number_code"),
    path(api_path("logout_all"), views.LogoutEverywhereView.as_view(), name="logout_all"),
    path(api_path("logins"), views.LoginsView.as_view(), name="logins"),
    path(api_path("login"), views.LoginView.as_view(), name="login"),
    path(api_path("me"), views.MeView.as_view(), name="me"),
    path(api_path("codes"), views.RequestCodeView.as_view(), name="codes"),
    path(api_path("code"), views.VerifyCodeView.as_view(), name="code"),
    path(api_path("profile"), views.ProfileView.as_view(), name="profile"),
    path(api_path("invitees"), views.InviteesView.as_view(), name="invitees"),
]
