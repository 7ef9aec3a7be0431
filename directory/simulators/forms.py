"""Reads a form with a file in it (multipart/form-data, RFC 7578)."""

from email import policy
from email.parser import BytesParser


class NotAForm(Exception):
    """The body is no form with a file."""


def read(content_type: str, body: bytes) -> tuple[dict[str, str], bytes]:
    """Return the form's fields by name, and the content of its file. Raises ``NotAForm``."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = BytesParser(policy=policy.HTTP).parsebytes(head + body)
    if message.get_content_type() != "multipart/form-data":
        raise NotAForm("a form with a file is expected")
    fields: dict[str, str] = {}
    file: bytes | None = None
    for part in message.iter_parts():
        name = str(part.get_param("name", header="Content-Disposition") or "")
        content = bytes(part.get_payload(decode=True) or b"")
        if part.get_filename():
            file = content
        else:
            fields[name] = content.decode("utf-8", "replace")
    if file is None:
        raise NotAForm("the form holds no file")
    return fields, file
