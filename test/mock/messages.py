"""Requests and answers."""

import re
import urllib.parse
import zlib

from mock.client import BASE
from mock.values import encode


REASONS = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content",
    207: "Multi-Status", 301: "Moved Permanently", 302: "Found",
    307: "Temporary Redirect", 308: "Permanent Redirect",
    400: "Bad Request", 401: "Unauthorized", 402: "Payment Required",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    408: "Request Timeout", 409: "Conflict", 411: "Length Required",
    412: "Precondition Failed", 413: "Content Too Large",
    414: "URI Too Long", 415: "Unsupported Media Type",
    422: "Unprocessable Content", 429: "Too Many Requests",
    500: "Internal Server Error", 501: "Not Implemented",
    502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}

HTML = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


class ApiError(Exception):
    """An answer {"error": text}, as most pages of the vendor show it."""

    def __init__(self, status, text, **headers):
        super().__init__(text)
        self.status = status
        self.text = text
        self.body = {"error": text}
        self.headers = [(name.replace("_", "-"), value)
                        for name, value in headers.items()]


class Request:
    """One request as received."""

    def __init__(self, method, target, headers, body, arrived):
        self.method = method
        self.target = target
        self.headers = headers              # (name, value) in order
        self.fields = {name.lower(): value for name, value in headers}
        self.body = body
        self.arrived = arrived
        # A client that takes us for a proxy sends the whole URL.
        self.path, _, query = re.sub(r"^http://[^/]*", "",
                                     target).partition("?")
        self.pairs = [tuple(map(urllib.parse.unquote_plus,
                                pair.partition("=")[::2]))
                      for pair in query.split("&") if pair]
        self.account = None
        self.query = {}

    def shown(self):
        """Path and query, decoded, without the base path."""
        path = self.path
        if path.startswith(BASE + "/"):
            path = path[len(BASE):]
        path = urllib.parse.unquote(path)
        if self.pairs:
            path += "?" + "&".join("%s=%s" % pair for pair in self.pairs)
        return printable(path)

    def accepts_gzip(self):
        """Whether Accept-Encoding names gzip."""
        return "gzip" in self.fields.get("accept-encoding", "")

    def shown_body(self):
        """A write's body on one line; forms are decoded."""
        if not self.body:
            return ""
        kind = self.fields.get("content-type", "")
        if kind.startswith("multipart/form-data"):
            return "&".join("%s=%s" % pair
                            for pair in multipart_pairs(kind, self.body))
        text = self.body.decode("utf-8", "backslashreplace")
        if "urlencoded" in kind:
            text = urllib.parse.unquote_plus(text)
        return printable(text)


def printable(text):
    """Text on one line."""
    return re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]",
                  lambda match: "\\x%02x" % ord(match[0]), text)


class Response:
    """One answer."""

    def __init__(self, status=200, body=b"", kind="application/json",
                 headers=()):
        self.status = status
        self.body = body
        self.kind = kind
        self.encoding = None
        self.headers = list(headers)

    @classmethod
    def of(cls, value, status=200, headers=()):
        """A JSON answer."""
        return cls(status, encode(value), headers=headers)

    @classmethod
    def html(cls, status):
        """What a web server in front of the API says."""
        page = HTML.format("%d %s" % (status, reason(status)))
        return cls(status, page.encode(), "text/html; charset=utf-8")

    def compress(self):
        """Encode the body with gzip, once."""
        if self.encoding is None and len(self.body) >= 200:
            packer = zlib.compressobj(1, zlib.DEFLATED, 31)
            self.body = packer.compress(self.body) + packer.flush()
            self.encoding = "gzip"

    def aged(self, seconds):
        """The same from a cache, with its age if that is given."""
        response = Response(self.status, self.body, self.kind, self.headers)
        response.encoding = self.encoding
        if seconds is not None:
            response.headers.append(("Age", str(int(seconds))))
        return response

    def copy(self):
        """An uncompressed answer of its own, for a fault to change."""
        body = self.body
        if self.encoding:
            body = zlib.decompress(body, 31)
        return Response(self.status, body, self.kind, self.headers)


def reason(code):
    """The reason phrase of a status."""
    return REASONS.get(code, "Status %d" % code)


def multipart_pairs(kind, body):
    """Names and values of multipart/form-data."""
    match = re.search(r'boundary="?([^";]+)', kind)
    parts = body.split(b"--" + match[1].encode()) if match else []
    pairs = []
    for part in parts[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]*)"', head)
        if name:
            pairs.append((name[1].decode(), value[:-2].decode()))
    return pairs
