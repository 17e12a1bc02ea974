"""System checks. Each rule is one function; ids are stable and listed in the documentation."""

from __future__ import annotations

from django_phone_invites.checks.background import (
    check_task,
    check_workers,
)
from django_phone_invites.checks.deploy import (
    check_code_length,
    check_development_sender,
    check_guessable_ids,
    check_host,
    check_proxies,
    check_regions,
    check_sessions,
    check_site_messages,
    check_test_numbers_in_force,
)
from django_phone_invites.checks.imports import (
    check_backend,
    check_callables,
    check_limit_store,
    check_sender,
)
from django_phone_invites.checks.message import check_code_in_message, check_message
from django_phone_invites.checks.receipts import check_callbacks
from django_phone_invites.checks.routes import (
    check_routes,
)
from django_phone_invites.checks.settings import (
    check_claim_age,
    check_cooldown,
    check_names,
    check_region_alert,
    check_regions_exist,
    check_test_numbers,
    check_values,
)
from django_phone_invites.checks.sign_up import (
    check_link_fields,
    check_linked_numbers,
    check_notice,
    check_notice_sender,
)
from django_phone_invites.checks.tokens import (
    check_issuer,
    check_token_life,
    check_tokens,
)

__all__ = ["ALWAYS", "DEPLOY"]

ALWAYS = [
    check_values,
    check_names,
    check_cooldown,
    check_claim_age,
    check_sender,
    check_limit_store,
    check_task,
    check_region_alert,
    check_regions_exist,
    check_test_numbers,
    check_routes,
    check_callables,
    check_backend,
    check_link_fields,
    check_notice,
    check_notice_sender,
    check_issuer,
    check_tokens,
]

DEPLOY = [
    check_code_length,
    check_development_sender,
    check_guessable_ids,
    check_regions,
    check_sessions,
    check_host,
    check_token_life,
    check_site_messages,
    check_proxies,
    check_test_numbers_in_force,
    check_message,
    check_code_in_message,
    check_callbacks,
    check_workers,
    check_linked_numbers,
]
