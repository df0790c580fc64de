"""Aliyun KMS through its own SDK: Encrypt and Decrypt of at most 6 KB, over HTTPS only."""

from __future__ import annotations

import base64
from typing import Any, Literal

from quantbox.vault.errors import KmsRefused, KmsUnreachable
from quantbox.vault.models import AccessKey, KmsAddress
from quantbox.vault.wrappers.kms import KeyProvider

__all__ = ["AliyunKms", "connect"]

_CONNECT_MILLISECONDS, _READ_MILLISECONDS = 5_000, 10_000


class AliyunKms:
    """One key of Aliyun's key service.

    Parameters
    ----------
    address : KmsAddress
        `endpoint` such as "kms.cn-hangzhou.aliyuncs.com"; `key_id` or an alias.
    access_key : AccessKey
        Of a RAM user that may use this one key.
    protocol : {"https", "http"}
        Plain HTTP is for a service on this machine.
    """

    def __init__(self, address: KmsAddress, access_key: AccessKey, *, protocol: Literal["https", "http"] = "https") -> None:
        self._address, self._access_key, self._protocol = address, access_key, protocol

    def wrap(self, key: bytes, context: dict[str, str]) -> str:
        """Return `key` encrypted by the service."""
        from alibabacloud_kms20160120.models import EncryptRequest

        plaintext = base64.b64encode(key).decode()
        request = EncryptRequest(key_id=self._address.key_id, plaintext=plaintext, encryption_context=context)
        answer = self._ask("encrypt_with_options", request)
        return str(answer.ciphertext_blob)

    def unwrap(self, wrapped: str, context: dict[str, str]) -> bytes:
        """Return what the service decrypts."""
        from alibabacloud_kms20160120.models import DecryptRequest

        answer = self._ask("decrypt_with_options", DecryptRequest(ciphertext_blob=wrapped, encryption_context=context))
        try:
            return base64.b64decode(answer.plaintext, validate=True)
        except (TypeError, ValueError):
            raise KmsRefused(endpoint=self._address.endpoint, problem="plaintext") from None

    def _ask(self, method: str, request: Any) -> Any:
        from alibabacloud_kms20160120.client import Client
        from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
        from alibabacloud_tea_openapi.models import Config
        from darabonba.exceptions import DaraException
        from darabonba.runtime import RuntimeOptions

        config = Config(
            access_key_id=self._access_key.access_key_id,
            access_key_secret=self._access_key.access_key_secret,
            endpoint=self._address.endpoint,
            protocol=self._protocol,
        )
        options = RuntimeOptions(
            connect_timeout=_CONNECT_MILLISECONDS, read_timeout=_READ_MILLISECONDS, autoretry=False, max_attempts=1
        )
        try:
            return getattr(Client(config), method)(request, options).body
        except AlibabaCloudException as refusal:  # its message may repeat the request; the code is the service's own word
            raise KmsRefused(endpoint=self._address.endpoint, problem=str(refusal.code)) from None
        except (DaraException, OSError) as problem:
            raise KmsUnreachable(endpoint=self._address.endpoint, problem=type(problem).__name__) from None


def connect(address: KmsAddress, access_key: AccessKey) -> KeyProvider:
    """Return the provider for an address."""
    return AliyunKms(address, access_key)
