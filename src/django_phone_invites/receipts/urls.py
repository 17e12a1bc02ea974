"""``include("django_phone_invites.receipts.urls")``: one address for each provider."""

from django.urls import path

from django_phone_invites.receipts.views import ReceiptView

app_name = "phone_invites_receipts"

urlpatterns = [path("<slug:provider>/", ReceiptView.as_view(), name="provider")]
