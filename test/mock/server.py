"""The server: connections, and what happens on them."""

import random
import re
import select
import socket
import struct
import sys
import threading
import time

from mock.api import Api
from mock.control import control
from mock.faults import Edit, is_processed, spoil, unprocessed
from mock.ledger import Entry, Ledger, instant, rate_headers, throttled
from mock.messages import Request, Response, reason


class Gone(Exception):
    """The connection is over."""


class Server:
    """Accepts connections; each has a thread.

    The lock guards the ledger and the faults and is never held for long, so
    that arrivals and control requests are not late; data_lock guards the api
    and is taken first where both are.
    """

    def __init__(self, port, certificate=None):
        self.lock = threading.Condition(threading.RLock())
        self.data_lock = threading.RLock()
        self.api = Api()
        self.ledger = Ledger()
        self.faults = []
        self.releases = 0
        self.connections = 0
        self.is_stopped = False
        self.last_seen = time.monotonic()
        self.random = random.Random(7)
        self.certificate = certificate
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", port))
        self.socket.listen(1024)
        self.port = self.socket.getsockname()[1]
        self.hosts = {name + ":%d" % self.port
                      for name in ("127.0.0.1", "localhost")}

    def run(self, idle):
        """Serve until stopped, or idle for that many seconds."""
        sys.setswitchinterval(0.0005)
        context = tls_context(self.certificate)
        while not self.is_stopped:
            if select.select([self.socket], [], [], 0.2)[0]:
                accepted, _ = self.socket.accept()
                threading.Thread(
                    target=Connection(self, accepted, context).run,
                    daemon=True).start()
            if idle and time.monotonic() > self.last_seen + idle and (
                    not self.ledger.is_busy()):
                break
        self.socket.close()

    def reset(self, settings):
        """Everything as at the start, then the settings."""
        with self.data_lock, self.lock:
            self.api.reset(settings)
            self.ledger = Ledger()
            self.faults = []
            self.lock.notify_all()

    def arrive(self, request, connection):
        """Log a request; its entry, its faults, and the 429 if it is one."""
        with self.lock:
            entry = Entry(request, self.ledger, connection)
            self.ledger.open(entry)
            self.lock.notify_all()
            allowance = None
            if entry.account:
                allowance = self.ledger.limiters[entry.account].admit(
                    request.arrived, self.api.switches)
            if allowance and allowance.remaining < 0:
                self.ledger.throttled += 1
                return entry, {}, throttled(allowance, self.api.switches)
            plan = {}
            for fault in self.faults:
                plan.update(fault.take("%s %s" % (request.method,
                                                  entry.target)))
            entry.allowance = allowance
            return entry, plan, None

    def respond(self, request, entry, plan):
        """The answer, with faults applied, and the log's status set."""
        with self.data_lock:
            switches = self.api.switches
            response = unprocessed(plan)
            if is_processed(plan):
                response = self.api.answer(request, entry)
            served = response
            if plan:
                response = spoil(response, plan, switches["clock_skew"])
            if "shift" in plan and entry.account:
                for _ in range(int(plan["shift"] or 1)):
                    self.shift(request, entry)
            if "pull" in plan and entry.account:
                self.pull(request, entry, served)
            self.api.compress(request, response)
            entry.status = next((name for name in ("reset", "close",
                                                   "garbage")
                                 if name in plan), response.status)
            return response, rate_headers(entry.allowance, switches)

    def shift(self, request, entry):
        """A new row that every page order puts first."""
        tables = self.api.accounts[entry.account].tables
        name = resource_of(request.path)
        table = tables[name]
        query = dict(request.pairs)
        is_ascending = query.get("order_direction", self.api.switches[
            "default_sort"]) != "desc"
        row = dict(table.blank(), title="Shifted")
        row[table.key] = (min(table.select(), default=1) - 1 if is_ascending
                          else table.last_id + 1)
        if name == "course_dates":
            courses = re.findall(r"\d+", request.path) or (
                tables["courses"].select()[:1])
            day = "2000-01-01" if is_ascending else "2099-12-31"
            row.update(course_id=int(courses[0]), start_at=day, end_at=day)
        row["created_at"] = row["updated_at"] = (
            self.api.accounts[entry.account].tick())
        table.add(row)
        self.api.changed()

    def pull(self, request, entry, response):
        """Remove the first row of the page that was served."""
        table = self.api.accounts[entry.account].tables[
            resource_of(request.path)]
        for item in Edit(response.copy().body, {}).items[:1]:
            table.remove(item[table.key])
        self.api.changed()

    def finish(self, entry, is_answered):
        """Count a request out; before its last byte goes, if it does."""
        with self.lock:
            if is_answered:
                entry.done = time.monotonic()
            entry.ledger.close(entry)

    def wait(self, name, number, timeout):
        """Until the ledger's figure has reached a number."""
        deadline = time.monotonic() + timeout
        with self.lock:
            while True:
                ledger = self.ledger
                reached = (len(ledger.entries) if name == "requests"
                           else ledger.held())
                left = deadline - time.monotonic()
                if reached >= number or left <= 0:
                    return reached
                self.lock.wait(left)


def resource_of(path):
    """The name of the table behind a path."""
    if "coursedates" in path:
        return "course_dates"
    return "courses" if "courses" in path else "customers"


def tls_context(certificate):
    """The context for a (certificate, key) pair, or None."""
    if certificate is None:
        return None
    import ssl
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


HEADER_NAME = re.compile(r"[!#-'*+.0-9A-Z^-z|~-]+")


class Connection:
    """One client's connection and the thread that serves it."""

    def __init__(self, server, accepted, context):
        self.server = server
        self.socket = accepted
        self.context = context
        self.number = None          # counted at the first API request
        self.is_dying = None        # the fault dead_keepalive, once it struck
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(self):
        """Answer requests until the connection ends."""
        try:
            first = self.socket.recv(1, socket.MSG_PEEK)
            if self.context and first == b"\x16":
                self.socket = self.context.wrap_socket(self.socket,
                                                       server_side=True)
            self.stream = self.socket.makefile("rb", 1 << 16)
            while self.serve():
                pass
        except (OSError, Gone, ValueError):
            pass
        finally:
            self.close()

    def close(self):
        """End the connection in order."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()

    def serve(self):
        """One request; false when it was the last one."""
        request = self.read_request()
        if request is None:
            return False
        self.server.last_seen = time.monotonic()
        if request.path.startswith("/_mock/"):
            return self.send(control(self.server, request), request)
        if self.number is None:
            with self.server.lock:
                self.server.connections += 1
                self.number = self.server.connections
        try:
            return self.serve_api(request)
        finally:
            self.server.last_seen = time.monotonic()

    # -- reading -------------------------------------------------------------

    def read_request(self):
        """The next request, or None at the end of the connection."""
        line = self.stream.readline(1 << 20)
        if not line:
            return None
        parts = line.decode("latin-1").split()
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            self.refuse(400)
        headers = self.read_headers()
        arrived = time.monotonic()
        request = Request(parts[0], parts[1], headers, b"", arrived)
        request.is_last = (
            parts[2] == "HTTP/1.0"
            or request.fields.get("connection", "").lower() == "close")
        self.read_body(request)
        return request

    def read_headers(self):
        """(name, value) pairs up to the empty line."""
        headers = []
        while True:
            line = self.stream.readline(1 << 16)
            if line in (b"\r\n", b"\n"):
                return headers
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or not HEADER_NAME.fullmatch(name) or (
                    len(headers) == 100):
                self.refuse(400)
            headers.append((name, value.strip()))

    def read_body(self, request):
        """The body, which needs a Content-Length."""
        if "transfer-encoding" in request.fields:
            self.refuse(411)
        length = request.fields.get("content-length", "0")
        if not re.fullmatch(r"\d{1,9}", length, re.A):
            self.refuse(400)
        if int(length) > 32 << 20:
            self.refuse(413)
        if request.method in ("POST", "PUT") and (
                "content-length" not in request.fields):
            self.refuse(411)
        if request.fields.get("expect", "").lower() == "100-continue":
            self.socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.body = self.stream.read(int(length))
        if len(request.body) < int(length):
            raise Gone

    def refuse(self, status):
        """Answer something that is not HTTP as we know it."""
        response = Response.html(status)
        self.socket.sendall(self.head(response, len(response.body), True)
                            + response.body)
        raise Gone

    # -- answering -----------------------------------------------------------

    def serve_api(self, request):
        """Log, limit, answer; faults interfere."""
        server = self.server
        entry, plan, response = server.arrive(request, self.number)
        extra = []
        try:
            if response is not None:
                entry.status = response.status
            elif (request.target.startswith("/")
                  and request.fields.get("host") not in server.hosts):
                response = Response.html(400)
                entry.status = 400
            elif self.is_dying == "no":
                entry.status = "close"
                raise Gone
            else:
                response, extra = server.respond(request, entry, plan)
            if self.is_dying:
                entry.status = "close"
                raise Gone
            return self.deliver(request, response, entry, plan, extra)
        finally:
            server.finish(entry, False)

    def deliver(self, request, response, entry, plan, extra):
        """Send the answer, slowly or broken if a fault says so."""
        self.pause(entry, plan)
        if "reset" in plan:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   struct.pack("ii", 1, 0))
            self.server.finish(entry, False)
            self.stream.close()
            self.socket.close()
            raise Gone
        if "close" in plan:
            raise Gone
        if "garbage" in plan:
            self.socket.sendall(self.server.random.randbytes(512))
            raise Gone
        if "literally" in plan:
            self.socket.sendall(plan["literally"].encode("latin-1").decode(
                "unicode_escape").encode("latin-1"))
            raise Gone
        if "dead_keepalive" in plan:
            self.is_dying = plan.get("processed", "yes")
        body = response.body if request.method != "HEAD" else b""
        length = len(response.body) + int(plan.get("wronglength") or 0)
        is_last = (request.is_last or "truncate" in plan
                   or int(plan.get("wronglength") or 0) > 0
                   or self.server.api.switches["keepalive"] == "off")
        if "truncate" in plan:
            body = body[:int(plan["truncate"] or 0)]
        head = self.head(response, length, request.is_last or
                         self.server.api.switches["keepalive"] == "off",
                         extra)
        if "stall_after_headers" in plan:
            self.socket.sendall(head)
            self.hold(entry)
            head = b""
        if "drip" in plan and body:
            self.drip(head, body, entry, float(plan["drip"] or 1))
        else:
            self.send_last(head + body, entry)
        return not is_last

    def send(self, response, request):
        """Answer a control request."""
        self.socket.sendall(self.head(response, len(response.body),
                                      request.is_last) + response.body)
        return not request.is_last

    def head(self, response, length, is_last, extra=()):
        """Status line and headers."""
        skew = self.server.api.switches["clock_skew"]
        headers = {"Date": instant("http", skew), "Server": "mock"}
        if response.status != 204:
            headers["Content-Type"] = response.kind
            headers["Content-Length"] = length
        if response.encoding:
            headers["Content-Encoding"] = response.encoding
        if is_last:
            headers["Connection"] = "close"
        given = [pair for pair in response.headers
                 if headers.pop(pair[0].title(), True)]
        lines = ["HTTP/1.1 %d %s" % (response.status,
                                     reason(response.status))]
        lines += ("%s: %s" % pair
                  for pair in [*headers.items(), *extra, *given])
        return ("\r\n".join(lines) + "\r\n\r\n").encode(
            "utf-8", "surrogateescape")

    def send_last(self, data, entry):
        """Send the end of an answer.

        The request must be counted out before the client can have it all,
        or its next request would seem to be in flight together with it.
        """
        if len(data) > 1 << 14:
            self.socket.sendall(data[:-1])
            data = data[-1:]
        self.server.finish(entry, True)
        self.socket.sendall(data)

    def drip(self, head, body, entry, rate):
        """Send the body at so many bytes per second."""
        self.socket.sendall(head)
        size = max(1, int(rate / 20))
        for start in range(0, len(body), size):
            self.hold(entry, size / rate)
            if start + size >= len(body):
                self.send_last(body[start:], entry)
            else:
                self.socket.sendall(body[start:start + size])

    def pause(self, entry, plan):
        """Latency, delay and hold."""
        low, high = self.server.api.switches["latency"]
        if high:
            self.hold(entry, self.server.random.uniform(low, high), False)
        if "delay" in plan:
            self.hold(entry, float(plan["delay"] or 0) / 1000)
        if "hold" in plan:
            self.hold(entry)

    def hold(self, entry, seconds=None, is_counted=True):
        """Wait for some time or for --release; Gone if the client leaves."""
        server = self.server
        with server.lock:
            releases = server.releases
            entry.is_held = is_counted
            server.lock.notify_all()
        deadline = time.monotonic() + (1e9 if seconds is None else seconds)
        try:
            while server.ledger is entry.ledger:
                left = deadline - time.monotonic()
                if left <= 0 or (seconds is None
                                 and server.releases != releases):
                    break
                self.check_client(min(left, 0.02))
        finally:
            entry.is_held = False
            server.last_seen = time.monotonic()

    def check_client(self, timeout):
        """Spend some time; Gone if the client hangs up meanwhile."""
        if not select.select([self.socket], [], [], timeout)[0]:
            return
        if socket.socket.recv(self.socket, 1, socket.MSG_PEEK) == b"" or (
                self.context):
            raise Gone
        time.sleep(timeout)
