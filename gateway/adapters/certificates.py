"""A private certificate authority for one lab: its own certificate, and those of its servers."""

import ipaddress
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.adapters.private_files import write_private

AUTHORITY_LIFE = timedelta(days=3650)
SERVER_LIFE = timedelta(days=397)
"""Browsers take no longer one."""
_BACK = timedelta(days=1)
"""A device's clock may be behind."""


class Authority:
    """``ca.pem`` and ``ca.key`` in a folder; made at the first use."""

    def __init__(self, folder: Path, *, name: str) -> None:
        self._folder, self._name = folder, name
        self.certificate = folder / "ca.pem"
        self._key = folder / "ca.key"

    def fingerprint(self, now: datetime) -> str:
        """SHA-256 of the authority's certificate: what a device that cannot hold a file compares."""
        certificate, _ = self._authority(now)
        return certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    def issue(self, names: tuple[str, ...], now: datetime) -> tuple[Path, Path]:
        """A server's certificate for these host names and addresses: the files of its chain and of its key."""
        authority, authority_key = self._authority(now)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _begun(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]), authority.subject, now, SERVER_LIFE)
            .public_key(key.public_key())
            .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
            )
            .sign(authority_key, hashes.SHA256())
        )
        chain, key_file = self._folder / "server.pem", self._folder / "server.key"
        write_private(key_file, _private(key))
        write_private(chain, _public(certificate) + _public(authority))
        return chain, key_file

    def _authority(self, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        if self.certificate.exists() and self._key.exists():
            key = serialization.load_pem_private_key(self._key.read_bytes(), password=None)
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            return x509.load_pem_x509_certificate(self.certificate.read_bytes()), key
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = ec.generate_private_key(ec.SECP384R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self._name)])
        usage = x509.KeyUsage(
            digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        certificate = (
            _begun(name, name, now, AUTHORITY_LIFE)
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA384())
        )
        write_private(self._key, _private(key))
        write_private(self.certificate, _public(certificate))
        return certificate, key


def _begun(subject: x509.Name, issuer: x509.Name, now: datetime, life: timedelta) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACK)
        .not_valid_after(now + life)
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
