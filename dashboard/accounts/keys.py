"""WebAuthn in four steps: what a browser is asked, and what its answers are worth."""

import base64
import json
from ipaddress import ip_address
from typing import Any

from fastapi import Request

from gateway.domain.proofs import Passkey

LOCAL = "localhost"


def possible(request: Request) -> bool:
    """Browsers keep keys for names on HTTPS, and for this very computer; never for a bare address."""
    host = request.url.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return request.url.scheme == "https" or host == LOCAL
    return False


def _place(request: Request) -> str:
    return request.url.hostname or ""


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def ask_new(request: Request, *, lab: str, member_id: str, name: str, known: tuple[Passkey, ...]) -> dict[str, Any]:
    """What to ask of a browser for a new key: one that knows its owner by finger, face or code."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options = generate_registration_options(
        rp_id=_place(request), rp_name=lab, user_id=member_id.encode(), user_name=name, user_display_name=name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=from_text(key.id)) for key in known],
    )  # fmt: skip
    found: dict[str, Any] = json.loads(options_to_json(options))
    return found


def ask_known(request: Request) -> dict[str, Any]:
    """What to ask of a browser for any key of this place."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import UserVerificationRequirement

    options = generate_authentication_options(
        rp_id=_place(request), user_verification=UserVerificationRequirement.REQUIRED
    )
    found: dict[str, Any] = json.loads(options_to_json(options))
    return found


def question_in(answer: str) -> str | None:
    """The question that an answer is to; None for what is no answer."""
    try:
        told = json.loads(from_text(json.loads(answer)["response"]["clientDataJSON"]))
        question = told["challenge"]
    except (ValueError, KeyError, TypeError):
        return None
    return question if isinstance(question, str) and len(question) <= 200 else None


def id_in(answer: str) -> str | None:
    """Which key answers."""
    try:
        found = json.loads(answer)["id"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) and len(found) <= 1500 else None


def new_key(request: Request, answer: str, question: str) -> tuple[str, str, int] | None:
    """Id, public key and count of a new key; None when the answer is not a good one."""
    from webauthn import verify_registration_response
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        found = verify_registration_response(
            credential=answer, expected_challenge=from_text(question), expected_rp_id=_place(request),
            expected_origin=_origin(request), require_user_verification=True,
        )  # fmt: skip
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return None
    return to_text(found.credential_id), to_text(found.credential_public_key), found.sign_count


def count_of(request: Request, answer: str, question: str, key: Passkey) -> int | None:
    """How often the key has been used; None when the answer is not a good one, or the key was copied."""
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        found = verify_authentication_response(
            credential=answer, expected_challenge=from_text(question), expected_rp_id=_place(request),
            expected_origin=_origin(request), credential_public_key=from_text(key.public_key),
            credential_current_sign_count=key.count, require_user_verification=True,
        )  # fmt: skip
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return None
    return found.new_sign_count


def to_text(data: bytes) -> str:
    """Base64url without the padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_text(text: str) -> bytes:
    """The other way."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
