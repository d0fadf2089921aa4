"""RFC 6238 by pyotp; secrets sealed by Fernet under a key made from the site's own."""

import base64
from datetime import datetime

from gateway.ports.errors import BadConfiguration

STEP_S = 30


class TotpCodes:
    """``key`` is the site's secret key; what is sealed with another one cannot be read."""

    def __init__(self, key: bytes) -> None:
        from cryptography.fernet import Fernet
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"etabli second factors").derive(key)
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def new(self) -> str:
        """A new secret, sealed."""
        import pyotp

        return self._fernet.encrypt(pyotp.random_base32().encode()).decode()

    def secret(self, sealed: str) -> str | None:
        """What is typed into a phone that cannot scan; None when it was sealed with another key."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None

    def address(self, sealed: str, *, name: str, lab: str) -> str:
        """What a phone scans."""
        import pyotp

        secret = self.secret(sealed)
        if secret is None:
            raise BadConfiguration("a second factor was sealed with another key")
        return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=lab)

    def step(self, sealed: str, code: str, now: datetime) -> int | None:
        """Which code of the secret it is, one before or after now being fine; None when it is none."""
        import pyotp

        secret, typed = self.secret(sealed), code.replace(" ", "")
        if secret is None or not (typed.isascii() and typed.isdecimal()):
            return None
        current = int(now.timestamp()) // STEP_S
        totp = pyotp.TOTP(secret)
        near = (current, current - 1, current + 1)
        return next((step for step in near if pyotp.utils.strings_equal(totp.generate_otp(step), typed)), None)
