"""The command line of test/mock.py."""

import json
import os
import socket
import sys

import mock
from mock.client import PATIENCE, Mock, MockError


def free_port():
    """A port that nobody listens at right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def go_background(server):
    """Continue in a child that holds nothing of its parent's; True there."""
    if os.fork():
        return False
    os.setsid()
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    listener = server.socket.fileno()
    os.closerange(3, listener)
    os.closerange(listener + 1, max(256, listener + 1))
    return True


def announce(port, options):
    """Print the port, and write it to --port-file."""
    print(port, flush=True)
    if "port-file" in options:
        with open(options["port-file"], "w") as stream:
            stream.write("%d\n" % port)


def serve(options):
    """--serve"""
    # A client need not load all that.
    from mock.server import Server, tls_context
    port = int(options.get("port")
               or os.environ.get("FRONTCORE_MOCK_PORT") or 0)
    certificate = None
    if "tls-cert" in options:
        certificate = [os.path.abspath(options["tls-" + name])
                       for name in ("cert", "key")]
        tls_context(certificate)
    if port:
        try:
            Mock(port).reset()
            announce(port, options)
            return
        except (OSError, MockError):
            pass
    server = Server(port, certificate)
    announce(server.port, options)
    if "foreground" in options or go_background(server):
        server.run(float(options.get("idle", 60)))


def parse_fields(words, is_json=True):
    """NAME=VALUE words as a dict."""
    fields = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise MockError("NAME=VALUE expected: " + word)
        if is_json:
            try:
                value = json.loads(value)
            except ValueError:
                pass
        fields[name] = value
    return fields


def show(value):
    """Print JSON."""
    print(json.dumps(value, ensure_ascii=False))


# Commands of the client: function of (mock, words, options)
COMMANDS = {
    "reset": lambda mock, words, _: mock.reset(
        **parse_fields(words, is_json=False)),
    "set": lambda mock, words, _: mock.set(
        **parse_fields(words, is_json=False)),
    "log": lambda mock, words, options: sys.stdout.write(
        mock.log_text("quiet" in options)),
    "count": lambda mock, words, _: show(mock.count()),
    "arrivals": lambda mock, words, _: show(mock.arrivals()),
    "stats": lambda mock, words, _: show(mock.stats()),
    "dump": lambda mock, words, options: show(mock.dump(
        words[0], int(words[1]) if words[1:] else None,
        options.get("account", "a"))),
    "change": lambda mock, words, options: mock.change(
        words[0], int(words[1]), options.get("account", "a"),
        **parse_fields(words[2:])),
    "add": lambda mock, words, options: show(mock.add(
        words[0], options.get("account", "a"), **parse_fields(words[1:]))),
    "remove": lambda mock, words, options: mock.remove(
        words[0], int(words[1]), options.get("account", "a")),
    "fault": lambda mock, words, _: [mock.fault(word) for word in words],
    "clear-faults": lambda mock, words, _: mock.clear_faults(),
    "release": lambda mock, words, _: mock.release(),
    "wait-for": lambda mock, words, options: mock.wait_for(
        int(words[0]), float(options.get("timeout", PATIENCE))),
    "wait-in-flight": lambda mock, words, options: mock.wait_in_flight(
        int(words[0]), float(options.get("timeout", PATIENCE))),
    "stop": lambda mock, words, _: mock.stop(),
}
VALUE_OPTIONS = ("port", "idle", "port-file", "tls-cert", "tls-key",
                 "account", "timeout")
FLAG_OPTIONS = ("quiet", "foreground")


def parse_arguments(arguments):
    """Command, its words, and the options."""
    command, words, options = "serve", [], {}
    rest = iter(arguments)
    for word in rest:
        name = word[2:] if word.startswith("--") else None
        if name in FLAG_OPTIONS:
            options[name] = True
        elif name in VALUE_OPTIONS:
            options[name] = next(rest, "")
        elif name in COMMANDS or name in ("serve", "free-port", "help"):
            command = name
        elif name is None:
            words.append(word)
        else:
            raise MockError("unknown option " + word)
    return command, words, options


def main(arguments):
    """Run one command; the exit status."""
    try:
        command, words, options = parse_arguments(arguments)
        if command == "serve":
            serve(options)
        elif command == "free-port":
            print(free_port())
        elif command == "help":
            print(mock.__doc__)
        else:
            COMMANDS[command](Mock(options.get("port")), words, options)
    except (MockError, OSError, IndexError, ValueError) as error:
        print("mock.py: %s" % error, file=sys.stderr)
        return 1
    return 0
