"""What a site may listen to.

Each is sent after the commit, through ``send_robust``: a receiver that fails undoes nothing.
"""

from django.dispatch import Signal

#: A message was handed to the provider. Arguments: ``login_code``, ``receipt``.
code_sent = Signal()

#: A message could not be handed to the provider, or it is not known whether it was.
#: Arguments: ``login_code``, ``error``.
code_failed = Signal()

#: The first right code of a phone made an account. Arguments: ``account``, ``user``.
account_created = Signal()

#: A right code logged a user in. Arguments: ``account``, ``user``, ``created``.
phone_verified = Signal()

#: A user has another number, a first one (``old`` is "") or one that they had before and that was
#: given back. Arguments: ``user``, ``account``, ``old``.
phone_changed = Signal()

#: Failures on the site made its next codes longer; once in 24 hours for each step.
#: Arguments: ``failures``, ``length``.
site_stepped_up = Signal()

#: A user activated an invite code. Arguments: ``activation``.
invite_activated = Signal()

#: A phone was erased, and its user too if ``user_deleted``. It brings no number: whoever still
#: holds it finds it by the user. Arguments: ``user_id``, ``user_deleted``.
phone_erased = Signal()

#: Few of the codes that were sent to a region are entered; ``paused`` tells whether sending to it
#: was paused for that. Arguments: ``region``, ``sent``, ``verified``, ``paused``.
region_alerted = Signal()
