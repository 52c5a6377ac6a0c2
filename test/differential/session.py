"""A client of the server, and SQL literals."""

import collections
import os
import socket
import struct

NULL_TEXT = "NULL"


class SqlError(Exception):
    """An error that the server reported."""

    def __init__(self, fields):
        super().__init__(fields.get("M", "?"))
        self.fields = fields
        self.code = fields.get("C", "?")

    def __str__(self):
        names = (("D", "DETAIL"), ("H", "HINT"), ("W", "CONTEXT"))
        return "%s %s" % (self.code, self.fields.get("M")) + "".join(
            "\n%s: %s" % (name, self.fields[key]) for key, name in names
            if key in self.fields)


class Lost(Exception):
    """The server closed the connection, or did not answer in time."""


Result = collections.namedtuple("Result", "names rows tag")


class Session:
    """A connection that speaks as much of protocol 3.0 as we need."""

    TIMEOUT = 90

    def __init__(self, database, **settings):
        host = os.environ.get("PGHOST") or "/var/run/postgresql"
        port = int(os.environ.get("PGPORT") or 5432)
        if host.startswith("/"):
            self.socket = socket.socket(socket.AF_UNIX)
            address = "%s/.s.PGSQL.%d" % (host, port)
        else:
            self.socket = socket.socket()
            address = (host, port)
        self.socket.settimeout(self.TIMEOUT)
        self.socket.connect(address)
        self.stream = self.socket.makefile("rb")
        self.notices = []
        self.pid = None
        settings.update(user=os.environ.get("PGUSER") or "postgres",
                        database=database, client_encoding="UTF8")
        words = b"".join(part.encode() + b"\0"
                         for pair in settings.items() for part in pair)
        body = struct.pack("!i", 196608) + words + b"\0"
        self.socket.sendall(struct.pack("!i", len(body) + 4) + body)
        self.collect()

    def close(self):
        """End the session."""
        try:
            self.socket.sendall(b"X\0\0\0\4")
        except OSError:
            pass
        self.stream.close()
        self.socket.close()

    def send(self, *messages):
        """Send messages, given as (type, body)."""
        try:
            self.socket.sendall(b"".join(
                kind + struct.pack("!i", len(body) + 4) + body
                for kind, body in messages))
        except OSError as error:
            raise Lost(str(error)) from error

    def receive(self):
        """The next message as (type, body)."""
        try:
            head = self.stream.read(5)
            if len(head) < 5:
                raise Lost("the server closed the connection")
            length = struct.unpack("!i", head[1:])[0] - 4
            return head[:1], self.stream.read(length)
        except OSError as error:
            raise Lost("no answer: %s" % error) from error

    def collect(self):
        """Read up to ReadyForQuery; the results, or raise SqlError."""
        results, error, names, rows = [], None, [], []
        while True:
            kind, body = self.receive()
            if kind == b"Z":
                break
            if kind == b"T":
                names = self.read_names(body)
            elif kind == b"D":
                rows.append(self.read_row(body))
            elif kind == b"C":
                results.append(Result(names, rows, body[:-1].decode()))
                names, rows = [], []
            elif kind in (b"s", b"I"):
                results.append(Result(names, rows, ""))
                rows = []
            elif kind == b"E":
                error = error or SqlError(self.read_fields(body))
            elif kind == b"N":
                self.notices.append(self.read_fields(body))
            elif kind == b"K":
                self.pid = struct.unpack("!i", body[:4])[0]
            elif kind == b"R" and struct.unpack("!i", body[:4])[0]:
                raise Lost("the server wants a password; trust is needed")
        if error:
            raise error
        return results

    @staticmethod
    def read_names(body):
        """The columns' names of a RowDescription."""
        names, at = [], 2
        for _ in range(struct.unpack("!h", body[:2])[0]):
            end = body.index(b"\0", at)
            names.append(body[at:end].decode())
            at = end + 19
        return names

    @staticmethod
    def read_row(body):
        """A DataRow as a tuple of texts."""
        values, at = [], 2
        for _ in range(struct.unpack("!h", body[:2])[0]):
            length = struct.unpack("!i", body[at:at + 4])[0]
            at += 4
            if length < 0:
                values.append(None)
            else:
                values.append(body[at:at + length].decode())
                at += length
        return tuple(values)

    @staticmethod
    def read_fields(body):
        """The fields of an error or a notice."""
        return {field[:1].decode(): field[1:].decode(errors="replace")
                for field in body.split(b"\0") if field}

    def query(self, sql):
        """Run one or several statements; their results."""
        self.send((b"Q", sql.encode() + b"\0"))
        return self.collect()

    def rows(self, sql):
        """The rows of the last of the statements."""
        return self.query(sql)[-1].rows

    def value(self, sql):
        """The only value of the only row."""
        return self.rows(sql)[0][0]

    def execute(self, sql, values, fetch=0):
        """Run a statement by the extended protocol; its rows.

        They come fetch at a time, as a client with a fetch size asks for
        them.
        """
        bind = b"\0\0" + struct.pack("!hh", 0, len(values)) + b"".join(
            struct.pack("!i", -1) if value is None
            else struct.pack("!i", len(value.encode())) + value.encode()
            for value in values) + struct.pack("!h", 0)
        run = (b"E", b"\0" + struct.pack("!i", fetch))
        self.send((b"P", b"\0" + sql.encode() + b"\0\0\0"), (b"B", bind),
                  (b"D", b"P\0"), run, (b"H", b""))
        names, rows = [], []
        while True:
            kind, body = self.receive()
            if kind == b"T":
                names = self.read_names(body)
            elif kind == b"D":
                rows.append(self.read_row(body))
            elif kind == b"s":
                self.send(run, (b"H", b""))
            elif kind in (b"C", b"I"):
                self.send((b"S", b""))
                self.collect()
                return Result(names, rows, "").rows
            elif kind == b"N":
                self.notices.append(self.read_fields(body))
            elif kind == b"E":
                error = SqlError(self.read_fields(body))
                self.send((b"S", b""))
                self.collect()
                raise error


def literal(text):
    """An SQL string literal."""
    if text is None:
        return NULL_TEXT
    text = text.replace("'", "''")
    if "\\" in text:
        return " E'%s'" % text.replace("\\", "\\\\")
    return "'%s'" % text
