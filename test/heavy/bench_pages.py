#!/usr/bin/env python3
"""The API's pages as files, for test/bench to have them served from memory.

Usage: bench_pages.py DIRECTORY [million]

Asks the mock at $FRONTCORE_MOCK_PORT for 15,000 course dates with all they
have, and makes of them the lists 1, 10, 100 and 400: so many pages of 250
dates, in the order of ids.  A list is a directory: p3.json answers page=3,
sID.json answers since_id=ID, one.json the look-up of the first date by its
id, which is printed.  With "million" it makes the list 4000 of small dates
instead.
"""

import json
import os
import re
import sys
import urllib.request

LISTS = (1, 10, 100, 400)
SIZE = 250
DISTINCT = 60                       # pages of the mock; others repeat them
INCLUDES = "".join("&include[]=" + name for name in
                   ("course", "location", "place", "instructors"))
ID = re.compile(rb'"coursedate_id":(\d+)')
PAGINATION = re.compile(rb'"pagination":\{[^}]*\}')


def fetch(page):
    """One page of the mock's list of dates."""
    request = urllib.request.Request(
        "http://127.0.0.1:%s/v2/coursedates?limit=%d&page=%d%s"
        % (os.environ["FRONTCORE_MOCK_PORT"], SIZE, page, INCLUDES),
        headers={"X-API-Key": "test-key", "Accept": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return answer.read()


def paginate(text, page, last):
    """The page with its place in a list of so many pages."""
    following = b"null" if page == last else b"%d" % (page + 1)
    return PAGINATION.sub(
        b'"pagination":{"current_page":%d,"next_page":%s}'
        % (page, following), text, count=1)


def write(path, text):
    """Make a file."""
    with open(path, "wb") as file:
        file.write(text)


def renumber(text, first):
    """The page with ids that count from first."""
    ids = iter(range(first, first + SIZE))
    text, count = ID.subn(lambda _: b'"coursedate_id":%d' % next(ids), text)
    if count != SIZE:
        raise SystemExit("a page of %d dates instead of %d" % (count, SIZE))
    return text


def make_lists(directory):
    """The lists of whole dates."""
    sources = [fetch(page + 1) for page in range(DISTINCT)]
    first = 1000001
    for last in LISTS:
        os.mkdir(os.path.join(directory, str(last)))
    for page in range(1, max(LISTS) + 1):
        begin = first + (page - 1) * SIZE
        text = renumber(sources[page % DISTINCT], begin)
        original = os.path.join(directory, "%d.json" % page)
        write(original, paginate(text, page, 0))
        for last in LISTS:
            if page > last:
                continue
            path = os.path.join(directory, str(last), "p%d.json" % page)
            if page == last:
                write(path, paginate(text, page, last))
            else:
                os.symlink("../%d.json" % page, path)
            os.symlink("p%d.json" % page, os.path.join(
                directory, str(last), "s%d.json" % (begin - 1)))
    page = json.loads(renumber(sources[1], first))
    one = dict(page, items=page["items"][:1],
               pagination={"current_page": 1, "next_page": None})
    for last in LISTS:
        write(os.path.join(directory, str(last), "one.json"),
              json.dumps(one, separators=(",", ":")).encode())
    print(first)


def make_million(directory):
    """A list of 4,000 pages of dates with few keys."""
    pages = 4000
    item = ('{"coursedate_id":%d,"course_id":%d,"title":"Sveising \\u00e5%d",'
            '"start_at":"2027-%02d-%02d","status_id":%d,"event_url":"",'
            '"seats":{"free":{"num":%d,"num_waiting":0}},'
            '"custom_properties":{"erp_id":"P-%d"},'
            '"updated_at":"2026-11-16T15:39:%02d+01:00"}')
    base = os.path.join(directory, str(pages))
    os.mkdir(base)
    for page in range(1, pages + 1):
        begin = 1 + (page - 1) * SIZE
        items = ",".join(item % (i, 7300 + i % 900, i % 1000, 1 + i % 12,
                                 1 + i % 28, 1 + i % 4, i % 30, i, i % 60)
                         for i in range(begin, begin + SIZE))
        text = '{"pagination":{},"items":[%s]}' % items
        path = os.path.join(base, "p%d.json" % page)
        write(path, paginate(text.encode(), page, pages))
        os.symlink("p%d.json" % page,
                   os.path.join(base, "s%d.json" % (begin - 1)))


if __name__ == "__main__":
    if sys.argv[2:] == ["million"]:
        make_million(sys.argv[1])
    else:
        make_lists(sys.argv[1])
