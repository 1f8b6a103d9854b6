"""An OpenID Connect provider on loopback: it signs tokens as a real one does, and lets the browser choose who one is.

Only what the authorization code flow asks for (OpenID Connect Core 1.0, section 3.1).
"""

import base64
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

CLIENT = "aqboard"
Claims = dict[str, Any]


class IdentityProvider:
    """Runs in a thread; `people`: what a button's label says -> the claims that it stands for."""

    def __init__(self, people: dict[str, Claims]) -> None:
        self._people = people
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._codes: dict[str, Claims] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def secrets_toml(self) -> str:
        """What Streamlit is told of it."""
        return (
            "[auth]\n"
            'redirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
            f'cookie_secret = "{secrets.token_hex(32)}"\n'
            f'client_id = "{CLIENT}"\nclient_secret = "{secrets.token_hex(16)}"\n'
            f'server_metadata_url = "{self.url}/.well-known/openid-configuration"\n'
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                asked = {name: values[0] for name, values in parse_qs(url.query).items()}
                if url.path == "/authorize":
                    self._send("text/html", provider._choice(asked))
                elif url.path == "/chosen":
                    self.send_response(303)
                    self.send_header("Location", provider._back(asked))
                    self.end_headers()
                elif document := provider._documents().get(url.path):
                    self._send("application/json", json.dumps(document))
                else:
                    self.send_error(404)

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self._send("application/json", json.dumps(provider._tokens(form["code"][0])))

            def _send(self, kind: str, text: str) -> None:
                body = text.encode()
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def _documents(self) -> dict[str, Claims]:
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256", "n": _number(numbers.n), "e": _number(numbers.e)}
        return {
            "/keys": {"keys": [key]},
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            },
        }

    def _choice(self, asked: dict[str, str]) -> str:
        """The page on which the person says who they are."""
        links = (
            f'<p><a href="/chosen?{urlencode({**asked, "person": person})}">{person}</a></p>' for person in self._people
        )
        return "<h1>Who are you?</h1>" + "".join(links)

    def _back(self, asked: dict[str, str]) -> str:
        code = secrets.token_urlsafe(16)
        self._codes[code] = {**self._people[asked["person"]], "nonce": asked["nonce"]}
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def _tokens(self, code: str) -> Claims:
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 600, **self._codes.pop(code)}
        return {"access_token": secrets.token_hex(8), "token_type": "Bearer", "id_token": self._signed(claims)}

    def _signed(self, claims: Claims) -> str:
        """A JSON Web Token with RS256 (RFC 7519, RFC 7518 section 3.3)."""
        parts = ".".join(_base64(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "1"}, claims))
        return f"{parts}.{_base64(self._key.sign(parts.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _number(value: int) -> str:
    return _base64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
