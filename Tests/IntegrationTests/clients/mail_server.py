"""An SMTP server that says on standard output what it was given, a JSON object a line. Ends with its standard input.

mail_server.py FOLDER: STARTTLS with a certificate that it makes in FOLDER, and asked for before anything else; the first message of each
sender is put off (451), receivers called nobody are refused (550), and one has to log in as rpcd with the password pass-word.
"""
import email
import email.policy
import json
import socket
import ssl
import subprocess
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

folder = sys.argv[1]
subprocess.run(
    ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
     "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{folder}/tls.key", "-out", f"{folder}/tls.crt"],
    check=True, capture_output=True)
tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
tls.load_cert_chain(f"{folder}/tls.crt", f"{folder}/tls.key")


def tell(**what):
    print(json.dumps(what), flush=True)


class Handler:
    put_off = True

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            tell(refused=address)
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if Handler.put_off:
            Handler.put_off = False
            tell(putOff=envelope.rcpt_tos)
            return "451 try again later"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        tell(to=envelope.rcpt_tos, sender=envelope.mail_from, tls=session.ssl is not None, login=session.authenticated,
             subject=message["subject"], id=message["message-id"], text=message.get_body(("plain",)).get_content())
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"rpcd" and data.password == b"pass-word")


class Server(Controller):
    def factory(self):
        return SMTP(self.handler, hostname="localhost", tls_context=tls, require_starttls=True, authenticator=authenticate, auth_required=True)


with socket.socket() as free:
    free.bind(("localhost", 0))
    port = free.getsockname()[1]
server = Server(Handler(), hostname="localhost", port=port)
server.start()
tell(port=port)
sys.stdin.read()
server.stop()
