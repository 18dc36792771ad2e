"""Mails with attachments, for the tests of what lies inside files."""

from __future__ import annotations

from email.message import EmailMessage


def mail(subject: str, body: str, /, **attachments: str | bytes) -> bytes:
    """A mail; "_" in an attachment's name stands for a dot, and bytes under *_eml are a mail of their own."""
    message = EmailMessage()
    message["Subject"], message["From"] = subject, "Anna <anna@harbour.example>"
    message.set_content(body)
    for name, content in attachments.items():
        filename = name.replace("_", ".")
        if isinstance(content, str):
            message.add_attachment(content, filename=filename)
        else:
            message.add_attachment(content, maintype="application", subtype="octet-stream", filename=filename)
    return message.as_bytes()
