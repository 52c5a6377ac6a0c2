#!/usr/bin/env python3
"""Seeds for the fuzz targets: answers of the mock, and values of options.

seeds.py PORT DIRECTORY writes DIRECTORY/TARGET/N for each target.
"""

import pathlib
import sys
import urllib.error
import urllib.request

# Paths, the resource's and the route's number as fuzz_answer counts them.
REQUESTS = [
    ("/courses?limit=3", 0, 1),
    ("/courses/7301", 0, 0),
    ("/courses/1", 0, 0),
    ("/coursedates?limit=2&page=1", 1, 4),
    ("/coursedates?limit=1&page=99", 1, 4),
    ("/coursedates?coursedate_id=51001&limit=1", 1, 1),
    ("/courses/7301/coursedates?limit=2", 1, 2),
    ("/courses/7301/coursedates/51001", 1, 0),
    ("/batch/coursedates?course_ids%5B%5D=7301&limit=2", 1, 3),
    ("/customers?limit=2", 2, 1),
    ("/customers/40201", 2, 0),
]

JSON = [
    b'\xef\xbb\xbf[1]',
    b'{"a":{"b":"\\ud83d\\ude00\\u0000"},"a":1e5}',
    b'["ab\\ud83dcd","\\"\\\\\\/\\b"]',
    b'[9007199254740993,-9223372036854775808,1.0,01]',
    b'[[[[[[]]]]]]',
    b'{"error":"Wrong API Key"}',
    b'{"successful":false,"errors":[{"code":"c","message":"m"}]}',
]

HEADERS = [
    "HTTP/1.1 429 x\r\nRetry-After: 5\r\n"
    "Date: Fri, 15 Jan 2027 10:00:00 GMT\r\n\r\n",
    "HTTP/1.1 429 x\r\nRetry-After: Fri, 15 Jan 2027 10:00:09 GMT\r\n\r\n",
    "HTTP/1.1 200 x\r\nX-Rate-Limit-Remaining: 0\r\n"
    "X-Rate-Limit-Reset: 2027-01-15T10:00:00.5+02:00\r\n"
    "X-Rate-Limit-Limit: 1m\r\n\r\n",
    "HTTP/1.1 200 x\r\nX-RateLimit-Reset: 1800000000\r\n"
    "RateLimit-Remaining: -1\r\n\r\n",
    "HTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 x\r\nRatelimit-Reset: 3\r\n\r\n",
]

# Each is tried as a value of every option.
VALUES = [
    "https://api.frontcore.com/v2/", "http://127.0.0.1:8080/v2",
    "http://[::1]/x", "http://localhost/", "socks5h://h:1", "5", "0.5",
    "10s", "64MB", "true", "off", "custom_properties.a.b", "a.b.c",
    "courses", "a key", "http://127.1/", "http://2130706433/",
    "https://user:word@h/", "https://%ff.example/",
    "https:/%om/v:///", "https:///%2541.example/", "https:h:80",
]
OPTIONS = 28


def get(port, path):
    """Status and body of an answer."""
    request = urllib.request.Request(
        "http://127.0.0.1:%s/v2%s" % (port, path),
        headers={"X-API-Key": "test-key"})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def main(port, directory):
    """Write all seeds."""
    seeds = {"json": list(JSON), "answer": [],
             "headers": [text.encode() for text in HEADERS],
             "option": [bytes([number]) + value.encode()
                        for value in VALUES
                        for number in range(OPTIONS)]}
    for path, resource, route in REQUESTS:
        status, body = get(port, path)
        number = 10 if status == 404 else 0
        seeds["json"].append(body)
        for flags in (0x41, 0x15):
            # two pages, then an error
            seeds["answer"].append(
                bytes([resource, route, 1, flags, number]) + body
                + b"\x1e\x00" + body + b'\x1e\x0a{"error":"x"}')
    for target, texts in seeds.items():
        folder = pathlib.Path(directory, target)
        folder.mkdir(parents=True)
        for number, text in enumerate(texts):
            folder.joinpath(str(number)).write_bytes(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
