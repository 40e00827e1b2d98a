"""What this app tells the rest of the project. Sent after the transaction has committed; receivers must be quick.

`session_ended`: `session_id` ("ses_..."), `reason` ("revoked" or "signed_out"): close what is open on that session.
`owner_revoked`: `owner`: a credential of this owner (a login, a JWT, an API key) has died: whoever holds a connection of
that owner open asks again who is speaking.
"""

from __future__ import annotations

from django.dispatch import Signal

session_ended = Signal()
owner_revoked = Signal()
