"""Content Credentials (C2PA): a signature in every file, by which anybody can see that it was not altered since.

The certificate is this installation's own, made on first use. Programs that read Content Credentials therefore call the
signer unknown, and the signature itself valid.
"""

# c2pa is typed in part.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import studio
from studio.errors import StudioError
from studio.provenance import DRAWN, SYSTEM
from studio.secret_file import secret_file

if TYPE_CHECKING:
    import c2pa
    from cryptography import x509

#: Key and certificates in one PEM file.
KEY_FILE = "signing.pem"
_YEARS = 10
#: A preview would be ten times as large as a small image; nothing may be asked of the network.
_SETTINGS = {
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
}


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What the signature in a file is worth, and who made it; `own` says that it was this installation."""

    state: Literal["intact", "altered"]
    signer: str
    own: bool


class Signer:
    """Signs images and checks signatures. Any number of threads may use it."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds the key, or will."""
        self._path = folder / KEY_FILE
        self._lock = threading.Lock()

    def sign(self, image: bytes, source: str = DRAWN, media_type: str = "image/png") -> bytes:
        """The file with a signature that says how it came about, as `provenance.source_type` does: by default that a
        trained model made it. Raises StudioError where it can't be signed."""
        import c2pa

        manifest = {
            "claim_generator_info": [{"name": SYSTEM, "version": studio.__version__}],
            "format": media_type,
            "assertions": [
                {
                    "label": "c2pa.actions",
                    "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": source}]},
                }
            ],
        }
        signed = BytesIO()
        with self._lock:
            try:
                c2pa.Builder(json.dumps(manifest), context=self._context).sign(
                    self._signer, media_type, BytesIO(image), signed
                )
            except (c2pa.C2paError, OSError, ValueError) as error:
                raise StudioError(
                    f"The image can't be signed: {error}.", f"If {self._path} is damaged, move it away."
                ) from error
        return signed.getvalue()

    def verify(self, data: bytes, media_type: str) -> Signature | None:
        """What the signature in an untrusted file says; None where there is none."""
        import c2pa

        try:
            with self._lock:
                reader = c2pa.Reader.try_create(media_type, BytesIO(data), context=self._context)
                found: dict[str, Any] | None = json.loads(reader.json()) if reader else None
        except (c2pa.C2paError, ValueError):
            return Signature(state="altered", signer="", own=False)  # there is something, and it can't be read
        if found is None:
            return None
        active = cast("dict[str, Any]", found["manifests"][found["active_manifest"]])
        info = cast("dict[str, Any]", active.get("signature_info") or {})
        state = "altered" if found.get("validation_state") == "Invalid" else "intact"
        serial = str(info.get("cert_serial_number", ""))
        return Signature(
            state=state,
            signer=str(info.get("issuer") or info.get("common_name") or "unknown"),
            own=state == "intact" and self._path.is_file() and serial == str(self._certificate.serial_number),
        )

    @cached_property
    def _context(self) -> c2pa.Context:
        import c2pa

        return c2pa.Context(settings=c2pa.Settings.from_dict(_SETTINGS))

    @cached_property
    def _signer(self) -> c2pa.Signer:
        import c2pa

        key, certificates = self._pem
        info = c2pa.C2paSignerInfo(alg=b"es256", sign_cert=certificates, private_key=key, ta_url=None)
        return c2pa.Signer.from_info(info)

    @property
    def _pem(self) -> tuple[bytes, bytes]:
        """The key and the certificates, its own first."""
        key, separator, certificates = secret_file(self._path, _new_pem).partition(b"-----BEGIN CERTIFICATE-----")
        return key, separator + certificates

    @property
    def _certificate(self) -> x509.Certificate:
        from cryptography import x509

        return x509.load_pem_x509_certificate(self._pem[1])


def _new_pem() -> bytes:
    """A key (ECDSA with P-256), its certificate, and that of the authority which signed it: C2PA 2.2, 14.5 takes no
    certificate that signs itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def name(common: str) -> x509.Name:
        organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, SYSTEM)
        return x509.Name([organisation, x509.NameAttribute(NameOID.COMMON_NAME, common)])

    def usage(**true: bool) -> x509.KeyUsage:
        names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
        names += ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
        return x509.KeyUsage(**{each: true.get(each, False) for each in names})

    now = datetime.now(UTC)
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def certificate(common: str, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name(common))
            .issuer_name(name("authority of this installation"))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=365 * _YEARS))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        )

    authority = (
        certificate("authority of this installation", authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    own = (
        certificate("this installation", key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return secret + own.public_bytes(pem) + authority.public_bytes(pem)
