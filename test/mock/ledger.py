"""The log of requests, and the limit on them."""

import collections
import datetime
import time

from mock.messages import Response


# key -> (key id, account, what it may do)
KEYS = {
    "test-key": ("key-1", "a", "write"),
    "test-key-2": ("key-2", "a", "write"),
    "read-only-key": ("read-only", "a", "read"),
    "forbidden-key": ("forbidden", "a", "nothing"),
    "other-key": ("other", "b", "write"),
}


class Entry:
    """One line of the log."""

    def __init__(self, request, ledger, connection):
        self.request = request
        self.ledger = ledger
        self.connection = connection
        self.key_id, self.account, self.permission = KEYS.get(
            request.fields.get("x-api-key"),
            ("unknown" if "x-api-key" in request.fields else "missing",
             None, None))
        self.target = request.shown()
        self.status = None          # a number, or the fault that ate it
        self.note = None            # what a cache in front says of it
        self.done = None            # when the last byte was about to go
        self.is_open = True
        self.is_held = False

    def line(self):
        """As --log prints it."""
        text = "%s %s" % (self.request.method, self.target)
        if self.status and str(self.status)[0] != "2":
            text += " %s" % self.status
        if self.note:
            text += " " + self.note
        body = self.request.shown_body()
        return text + (" " + body if body else "")

    def arrival(self):
        """As --arrivals prints it."""
        return [self.request.arrived, self.account, self.request.method,
                self.target, self.status, self.connection, self.key_id,
                self.done]

    def full(self):
        """As GET /_mock/log?full=1 answers it; without the key."""
        headers = [(name, self.key_id if name.lower() == "x-api-key"
                    else value) for name, value in self.request.headers]
        return {"method": self.request.method, "target": self.target,
                "raw_target": self.request.target, "status": self.status,
                "headers": headers, "body": self.request.shown_body(),
                "connection": self.connection, "account": self.account,
                "key_id": self.key_id}


class Ledger:
    """What happened since the last reset."""

    def __init__(self):
        self.entries = []
        self.printed = 0            # entries that --log has shown
        self.throttled = 0
        self.connections = set()
        self.in_flight = collections.Counter()
        self.max_in_flight = {}
        self.limiters = collections.defaultdict(Limiter)

    def open(self, entry):
        """Count a request in."""
        self.entries.append(entry)
        self.connections.add(entry.connection)
        name = entry.account or "none"
        self.in_flight[name] += 1
        self.max_in_flight[name] = max(self.max_in_flight.get(name, 0),
                                       self.in_flight[name])

    def close(self, entry):
        """Count a request out."""
        if entry.is_open:
            entry.is_open = False
            self.in_flight[entry.account or "none"] -= 1

    def is_busy(self):
        """Whether a request is being answered."""
        return any(list(self.in_flight.values()))

    def stats(self):
        """As --stats prints it."""
        return {"requests": len(self.entries), "throttled": self.throttled,
                "max_in_flight": self.max_in_flight,
                "connections": len(self.connections),
                "in_flight": sum(self.in_flight.values()),
                "held": self.held()}

    def held(self):
        """How many requests are being held back right now."""
        return sum(entry.is_held for entry in self.entries if entry.is_open)


# limit, its interval in seconds, what is left of it, seconds until it resets
Allowance = collections.namedtuple("Allowance", "limit span remaining reset")


class Limiter:
    """The limits of one account; every arrival counts, refused ones too."""

    def __init__(self):
        self.arrivals = collections.deque()
        self.minute = (-1e9, 0)     # its beginning, its arrivals

    def admit(self, now, switches):
        """The tightest Allowance after this arrival, None without limits."""
        allowances = []
        if switches["rate"]:
            allowances.append(self.count_second(now, switches))
        if switches["rate_minute"]:
            allowances.append(self.count_minute(now, switches))
        return min(allowances, key=lambda each: (
            each.remaining >= 0, -each.span), default=None)

    def count_second(self, now, switches):
        """At most 5 in 1 s; 2.5 are 2 in 0.8 s, 0.5 are 1 in 2 s."""
        limit = max(1, int(switches["rate"]))
        span = limit / switches["rate"]
        is_fixed = switches["rate_window"] == "fixed"
        start = now - (now % span if is_fixed else span)
        while self.arrivals and (self.arrivals[0] < start or (
                self.arrivals[0] == start and not is_fixed)):
            self.arrivals.popleft()
        self.arrivals.append(now)
        begin = start if is_fixed else self.arrivals[0]
        return Allowance(limit, span, limit - len(self.arrivals),
                         begin + span - now)

    def count_minute(self, now, switches):
        """A window that begins with its first request."""
        limit, span = switches["rate_minute"], switches["minute_seconds"]
        begin, count = self.minute
        if now >= begin + span:
            begin, count = now, 0
        self.minute = (begin, count + 1)
        return Allowance(limit, span, limit - count - 1, begin + span - now)


def instant(style, offset):
    """The wall clock's time, offset by seconds, as a header writes it."""
    now = time.time() + offset
    if style == "epoch":
        return str(int(-(-now // 1)))
    moment = datetime.datetime.fromtimestamp(now, datetime.timezone.utc)
    if style == "iso":
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")


def rate_headers(allowance, switches):
    """The headers of a request that passed."""
    style, skew = switches["rate_headers"], switches["clock_skew"]
    if style == "none" or allowance is None:
        return []
    limit, span, remaining, reset = allowance
    seconds = str(int(-(-reset // 1)))
    interval = "1m" if span == 60 else "%ds" % max(1, span)
    prefix, limit, reset = {
        "core": ("X-Rate-Limit-", interval, instant("iso", reset + skew)),
        "ietf": ("RateLimit-", str(limit), seconds),
        "github": ("X-RateLimit-", str(limit),
                   instant("epoch", reset + skew)),
    }[style]
    return [(prefix + "Limit", limit), (prefix + "Remaining", str(remaining)),
            (prefix + "Reset", reset)]


def throttled(allowance, switches):
    """The 429."""
    wait = str(max(1, int(-(-allowance.reset // 1))))
    if switches["throttle"] == "empty":
        return Response(429, kind="text/html")
    if switches["throttle"] == "text":
        text = ("API calls quota exceeded! maximum admitted %d per %ds."
                % (allowance.limit, allowance.span))
        return Response(429, text.encode(), "text/plain",
                        [("Retry-After", wait)])
    return Response.of({"error": "Too many requests"}, 429,
                       [("Retry-After", wait)])
