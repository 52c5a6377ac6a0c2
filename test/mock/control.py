"""Control requests: what the mock is told, and what it tells."""

import copy
import json

from mock.client import PATIENCE, MockError
from mock.faults import Fault
from mock.messages import Response
from mock.values import set_path


def control(server, request):
    """Answer a request under /_mock/."""
    name = request.path[len("/_mock/"):]
    try:
        if (request.method, name) not in CONTROLS:
            raise MockError("unknown control request: " + name)
        given = dict(request.pairs)
        if request.body:
            given = json.loads(request.body)
        value = CONTROLS[request.method, name](server, given)
    except MockError as error:
        return Response.of({"error": str(error)}, 400)
    except Exception as error:
        return Response.of({"error": repr(error)}, 400)
    if isinstance(value, str):
        return Response(200, value.encode(), "text/plain; charset=utf-8")
    return Response(200, json.dumps(value).encode())


def control_log(server, given):
    """The requests since the last look."""
    with server.lock:
        ledger = server.ledger
        entries = ledger.entries[ledger.printed:]
        if given.get("full"):
            return [entry.full() for entry in ledger.entries]
        ledger.printed = len(ledger.entries)
        lines = [entry.line() for entry in entries]
    last = "%d request%s" % (len(lines), "" if len(lines) == 1 else "s")
    if given.get("quiet"):
        lines = []
    return "\n".join(lines + [last]) + "\n"


def control_fault(server, given):
    """Add a fault."""
    with server.lock:
        server.faults.append(Fault(given["spec"]))


def control_clear_faults(server, given):
    """Forget all faults."""
    with server.lock:
        server.faults = []


def control_release(server, given):
    """Let go what is on hold."""
    with server.lock:
        server.releases += 1


def control_set(server, given):
    """Change switches."""
    with server.data_lock:
        server.api.assign(given)


def control_stop(server, given):
    """Leave."""
    server.is_stopped = True


def control_wait(server, given):
    """Until enough requests have arrived or are being held."""
    name = "requests" if "requests" in given else "in_flight"
    number = int(given[name])
    reached = server.wait(name, number, float(given.get("timeout", PATIENCE)))
    if reached < number:
        raise MockError("timeout: %d of %d requests" % (reached, number))
    return reached


def control_table(server, given):
    """The table that a data control names."""
    account = server.api.accounts.get(given.get("account", "a"))
    if account is None:
        raise MockError("unknown account; valid: a, b")
    name = {"coursedates": "course_dates"}.get(given["resource"],
                                               given["resource"])
    if name not in account.tables:
        raise MockError("unknown resource %s; valid: %s"
                        % (name, ", ".join(account.tables)))
    return account.tables[name]


def control_dump(server, given):
    """Stored rows, by id."""
    with server.data_lock:
        table = control_table(server, given)
        if "id" not in given:
            return [table.get(number) for number in table.select()]
        return control_row(table, given, table.get)


def control_row(table, given, get):
    """The row that a control names, or a MockError."""
    row = get(int(given["id"]))
    if row is None:
        raise MockError("no row with id %s" % given["id"])
    return row


def control_change(server, given):
    """Change a row behind the API's back."""
    with server.data_lock:
        table = control_table(server, given)
        row = control_row(table, given, table.edit)
        for path, value in given["fields"].items():
            set_path(row, path, value)
        server.api.changed()


def control_add(server, given):
    """Add a row behind the API's back; its id."""
    with server.data_lock:
        table = control_table(server, given)
        row = copy.deepcopy(table.blank())
        for path, value in given["fields"].items():
            set_path(row, path, value)
        server.api.changed()
        return table.add(row)[table.key]


def control_remove(server, given):
    """Remove a row behind the API's back."""
    with server.data_lock:
        table = control_table(server, given)
        control_row(table, given, table.get)
        table.remove(int(given["id"]))
        server.api.changed()


CONTROLS = {
    ("POST", "reset"): lambda server, given: server.reset(given),
    ("POST", "set"): control_set,
    ("POST", "fault"): control_fault,
    ("POST", "clear-faults"): control_clear_faults,
    ("POST", "release"): control_release,
    ("POST", "stop"): control_stop,
    ("POST", "change"): control_change,
    ("POST", "add"): control_add,
    ("POST", "remove"): control_remove,
    ("GET", "log"): control_log,
    ("GET", "count"): lambda server, _: len(server.ledger.entries),
    ("GET", "arrivals"): lambda server, _: [
        entry.arrival() for entry in list(server.ledger.entries)],
    ("GET", "stats"): lambda server, _: server.ledger.stats(),
    ("GET", "dump"): control_dump,
    ("GET", "wait"): control_wait,
}
