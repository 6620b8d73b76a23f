"""TLS for HTTP."""

import ssl

from ocr_client.address import Address, Tls


def ssl_context(address: Address, tls: Tls | None) -> ssl.SSLContext | None:
    """What Python's TLS needs for an address; None if it speaks plain HTTP.

    Raises:
        OSError: A file does not hold what it should (ssl.SSLError).
    """
    if not address.is_encrypted:
        return None
    tls = tls or Tls()
    context = ssl.create_default_context(cafile=tls.ca_file)
    if tls.cert_file:
        context.load_cert_chain(tls.cert_file, tls.key_file)
    return context
