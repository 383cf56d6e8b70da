"""Autopay's side of a notification, as the tests write it: by hand from the published format, with none of our code."""

import base64
import hashlib
from collections.abc import Iterable

SERVICE_ID = "100001"
KEY = "a-key-shared-with-autopay"

PUBLISHED = """<?xml version="1.0" encoding="UTF-8"?>
<transactionList>
   <serviceID>1</serviceID>
   <transactions>
      <transaction>
         <orderID>11</orderID>
         <remoteID>91</remoteID>
         <amount>11.11</amount>
         <currency>PLN</currency>
         <gatewayID>1</gatewayID>
         <paymentDate>20010101111111</paymentDate>
         <paymentStatus>SUCCESS</paymentStatus>
         <paymentStatusDetails>AUTHORIZED</paymentStatusDetails>
      </transaction>
   </transactions>
   <hash>a103bfe581a938e9ad78238cfc674ffafdd6ec70cb6825e7ed5c41787671efe4</hash>
</transactionList>
"""


def sha256_of(values: Iterable[str], key: str = KEY) -> str:
    return hashlib.sha256("|".join([*(value for value in values if value), key]).encode()).hexdigest()


def transaction(order_id: str = "11", **texts: str) -> dict[str, str]:
    """The nodes of one transaction in documented order; a text given replaces the usual one, "" leaves the node out."""
    usual = {
        "orderID": order_id,
        "remoteID": "R91",
        "amount": "11.11",
        "currency": "PLN",
        "gatewayID": "106",
        "paymentDate": "20260510120000",
        "paymentStatus": "SUCCESS",
        "paymentStatusDetails": "AUTHORIZED",
    }
    return {**usual, **texts}


def document(
    *transactions: dict[str, str], service_id: str = SERVICE_ID, key: str = KEY, given_hash: str | None = None
) -> bytes:
    """A notification's XML, signed with `key` unless a hash is given."""
    nodes = [[(name, text) for name, text in one.items() if text] for one in transactions]
    signed = sha256_of([service_id, *(text for one in nodes for _, text in one)], key)
    body = "".join(
        "<transaction>" + "".join(f"<{name}>{text}</{name}>" for name, text in one) + "</transaction>" for one in nodes
    )
    chosen = signed if given_hash is None else given_hash
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><transactionList><serviceID>{service_id}</serviceID>'
        f"<transactions>{body}</transactions><hash>{chosen}</hash></transactionList>"
    ).encode()


def field(xml: bytes) -> str:
    """The form field `transactions` of a document."""
    return base64.b64encode(xml).decode()
