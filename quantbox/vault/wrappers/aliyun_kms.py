"""Aliyun KMS through its own SDK, over HTTPS only.

The SDK writes parameters into the address, which proxies and logs see; so the key is not sent to `Encrypt`. The service
makes a data key (`GenerateDataKey`), the key is sealed under it here, and only the wrapped data key travels to `Decrypt`.
"""

from __future__ import annotations

import json
import logging
import re
from typing import Any, Literal

from quantbox.core.errors import QuantBoxError
from quantbox.vault.errors import KmsRefused, KmsUnreachable
from quantbox.vault.models import AccessKey, KmsAddress
from quantbox.vault.wrappers.base import KEY_BYTES, Sealed, decode, encode, open_sealed, seal
from quantbox.vault.wrappers.kms import KeyProvider

__all__ = ["AliyunKms", "connect"]

_CONNECT_MILLISECONDS, _READ_MILLISECONDS = 5_000, 10_000
_NONCE_BYTES = 12
_CODE_SHAPE = re.compile(r"(?!None$)[A-Za-z0-9_.\-]{1,64}")
#: The SDK gives its loggers handlers and a level of their own, and would write answers, so keys, to stderr.
_SDK_LOGGERS = ("alibabacloud-tea", "darabonba-core")


class AliyunKms:
    """One key of Aliyun's key service.

    Parameters
    ----------
    address : KmsAddress
        `endpoint` such as "kms.cn-hangzhou.aliyuncs.com"; `key_id` or an alias.
    access_key : AccessKey
        Of a RAM user that may call GenerateDataKey and Decrypt with this one key.
    protocol : {"https", "http"}
        Plain HTTP is for a service on this machine.
    """

    def __init__(self, address: KmsAddress, access_key: AccessKey, *, protocol: Literal["https", "http"] = "https") -> None:
        self._address, self._access_key, self._protocol = address, access_key, protocol

    def wrap(self, key: bytes, context: dict[str, str]) -> str:
        """Return `key` sealed under a data key of the service, and that data key wrapped by it."""
        from alibabacloud_kms20160120.models import GenerateDataKeyRequest

        request = GenerateDataKeyRequest(key_id=self._address.key_id, key_spec="AES_256", encryption_context=context)
        answer = self._ask("generate_data_key_with_options", request)
        sealed = seal(self._data_key(answer), key, _bound_to(context))
        if not isinstance(answer.ciphertext_blob, str):
            raise self._refused("answer")
        return f"{answer.ciphertext_blob}.{encode(sealed.nonce + sealed.ciphertext)}"

    def unwrap(self, wrapped: str, context: dict[str, str]) -> bytes:
        """Let the service open the data key, and return what is sealed under it."""
        from alibabacloud_kms20160120.models import DecryptRequest

        blob, _, sealed = wrapped.rpartition(".")
        answer = self._ask("decrypt_with_options", DecryptRequest(ciphertext_blob=blob, encryption_context=context))
        try:
            raw = decode(sealed)
        except ValueError:
            raise self._refused("wrapped_key") from None
        key = open_sealed(self._data_key(answer), Sealed(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]), _bound_to(context))
        if key is None:
            raise self._refused("wrapped_key")
        return key

    def _data_key(self, answer: Any) -> bytes:
        try:
            data_key = decode(answer.plaintext)
        except (TypeError, ValueError):
            raise self._refused("answer") from None
        if len(data_key) != KEY_BYTES:
            raise self._refused("answer")
        return data_key

    def _ask(self, method: str, request: Any) -> Any:
        """Make one call and return the body of its answer; the SDK's own texts hold the request and are not repeated."""
        from alibabacloud_kms20160120.client import Client
        from alibabacloud_tea_openapi.models import Config
        from darabonba.runtime import RuntimeOptions

        for name in _SDK_LOGGERS:
            logging.getLogger(name).disabled = True
        config = Config(
            access_key_id=self._access_key.access_key_id,
            access_key_secret=self._access_key.access_key_secret,
            endpoint=self._address.endpoint,
            protocol=self._protocol,
        )
        options = RuntimeOptions(connect_timeout=_CONNECT_MILLISECONDS, read_timeout=_READ_MILLISECONDS)
        try:
            return getattr(Client(config), method)(request, options).body
        except Exception as fault:  # noqa: BLE001 - an edge: SDK, transport and parser raise what they like
            code = getattr(fault, "code", None)
        if isinstance(code, str) and _CODE_SHAPE.fullmatch(code):
            raise self._refused(code)
        raise KmsUnreachable(endpoint=self._address.endpoint)

    def _refused(self, problem: str) -> QuantBoxError:
        return KmsRefused(endpoint=self._address.endpoint, problem=problem)


def _bound_to(context: dict[str, str]) -> bytes:
    return json.dumps(context, sort_keys=True).encode()


def connect(address: KmsAddress, access_key: AccessKey) -> KeyProvider:
    """Return the provider for an address."""
    return AliyunKms(address, access_key)
