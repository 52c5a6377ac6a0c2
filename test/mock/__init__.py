r"""A mock of the FrontCore REST API, for tests on 127.0.0.1.

It has courses, course dates, customers, persons who do not exist, and the
other resources in the shapes of the API, is strict about everything it receives, enforces the rate limit, keeps a
log of the requests, and misbehaves on demand.  All data are deterministic:
"now" is 2027-01-15 (switch today), new rows get the id max + 1 and a time
that starts at 10:00:00 and advances one second with each write.

As a server (base_url is http://127.0.0.1:PORT/v2):

  mock.py [--serve] [--port N] [--idle SECONDS] [--port-file FILE]
          [--foreground] [--tls-cert FILE --tls-key FILE]
      Listen at N, else at $FRONTCORE_MOCK_PORT, else at a free port; go to
      the background and print the port.  It leaves after --idle seconds
      (60; 0 = never) without a request.  A mock that is there already is
      reset instead.
  mock.py --free-port

As a client of the mock at --port N or $FRONTCORE_MOCK_PORT; control requests
are neither logged, counted nor limited, and work over plain HTTP under TLS:

  --reset [NAME=VALUE ...]    fresh data and switches, no faults, empty log
  --set NAME=VALUE ...        change switches
  --log [--quiet]             print and forget the requests; only their number
  --count                     number of requests since --reset
  --arrivals                  JSON, per request since --reset: [arrived,
                              account, method, target, status, connection,
                              key id, done]; seconds are monotonic, done is
                              null where no answer was sent
  --stats                     JSON: requests, throttled, max_in_flight by
                              account, connections, in_flight, held
  --dump RESOURCE [ID]        stored rows: courses, course_dates, customers,
                              contacts, participants, orders, ...; this and
                              the next three take --account b
  --change RESOURCE ID FIELD=JSON ...   dotted fields, behind the API's back
  --add RESOURCE FIELD=JSON ...         prints the id
  --remove RESOURCE ID
  --fault 'NAME[=VALUE] ...'  add a fault, see below
  --clear-faults
  --wait-for N [--timeout S]  until N requests have arrived since --reset
  --wait-in-flight N [--timeout S]      until N requests are being held back
  --release                   let go what hold and stall_after_headers keep
  --stop

Over HTTP: POST /_mock/reset, set {"name": value}; fault {"spec": text};
change, add, remove {"resource", "id", "fields", "account"}; clear-faults,
release, stop; GET log[?quiet=1|full=1], count, arrivals, stats,
dump?resource=R[&id=N], wait?requests=N|in_flight=N&timeout=S.  Python tests
use class Mock of mock.client.

Keys (X-API-Key): test-key, test-key-2 and read-only-key belong to account a,
other-key to account b (smaller, overlapping ids); forbidden-key gets a 403.

Switches.  The first value is the default; N is a number, X may have a
fraction, S a sign.

  data               small|demo      data set; these five only with --reset
  courses            -|N             number of courses instead of the set's
  dates              -|N             the same for course dates
  customers          -|N             the same for customers
  today              2027-01-15|DATE the fixed "now"

  error_status       code|200        errors carry a real status, or all 200
  bad_key_text       wrong|invalid   Wrong API Key, Invalid API key
  unknown_id         404|error200|null|array|404empty  GET of an unknown id
  throttle           empty|json|text body of a 429; the latter two come with
                                     Retry-After
  rate               5|X             requests per second; 0 = no limit
  rate_window        sliding|fixed   every second, or each second's bucket
  rate_minute        0|N             a second limit in a minute that begins
                                     with its first request
  minute_seconds     60|N            the length of that minute
  rate_headers       none|core|ietf|github  X-Rate-Limit-* with an interval
                                     and an ISO instant; RateLimit-* with
                                     seconds; X-RateLimit-* with an epoch
  clock_skew         0|S             seconds that the Date header is off

  bounds             inclusive|exclusive        _min and _max
  filter_zone        Europe/Oslo|UTC of created_at_* and updated_at_*
  filters            honoured|ignored|refused   known range filters, status_id
  id_filter          honoured|ignored|refused   coursedate_id
  link_filter        honoured|ignored|refused   course_id, customer_id,
                                     user_id, id_type
  since_id           honoured|ignored|refused
  sort               honoured|ignored|refused   order_by, order_direction
  default_sort       desc|asc|active by id, where no order is asked for;
                                     active: ascending, but every seventh id
                                     last, as inactive rows may be
  unknown_param      ignore|error    unknown query keys and include[] values
  past_end           empty|repeat|error|404     a page past the last one
  limit_over         clamp|error     limit above 250
  page_clamp         0|N             never more than N a page, silently
  page_number        honoured|ignored           ignored: page 1 for every page
  drift              0|N             from page 2 on, as if N pages of rows had
                                     come in front since page 1
  gap_page           0|N             page N of GET /coursedates is empty; its
                                     rows come one page later
  next_page          null|false|zero|empty|absent  how that list says that no
                                     page follows
  ignore_limit       0|N             always N a page
  list_container     array|items|data           around a bare list
  item_container     object|array    around a single object
  coursedates_list   present|404     GET /coursedates
  batch              present|404     GET /batch/coursedates
  batch_max_ids      0|N             more ids are an error; 0 = any number
  batch_cut          0|N             ids behind the Nth are ignored, without a
                                     word
  batch_limit        whole|per_course           what limit counts there
  date_check         yes|no          a date must belong to the course in the
                                     path; no: /courses/0/coursedates/ID works
  inactive           shown|hidden    inactive courses in the list
  deleted            hidden|shown    deleted dates in lists
  deleted_item       404|shown       a deleted date by its id

  course_list        full|thin       thin items lack properties, texts, times
  course_texts       top|description|descriptions|absent  where text_* are
  course_includes    item|everywhere include[] on the list of courses
  include_instructors  item|everywhere|flat     include[]=instructors of one
                                     date, of lists by course, of all lists
  list_timestamps    absent|present  created_at, updated_at in GET /coursedates
  flat_keys          all|listed      its items have only the keys that the
                                     vendor's page names: no title, ...
  numeric_strings    mixed|all       all: every number is a string
  booleans           json|strings|numbers       true, "1", 1
  props_empty        null|array|object          no custom_properties
  timestamps         offset|naive    2027-01-15T10:00:00+01:00 or
                                     2027-01-15 10:00:00
  date_time_part     no|yes          start_at, end_at and deadline_at with time
  titles             en|no           language of translated titles

  body               any|json|form   accepted request bodies
  unknown_field      error|ignore    fields that cannot be written
  null_clears        yes|no          a null clears, or is ignored
  props_put          merge|replace   custom_properties in a PUT
  props_types        strings|coerce  numbers and booleans as values
  props_over         error|truncate|drop        past 25 keys, 44 (40), 255
  course_props       stored|dropped|error       custom_properties of a course
  date_put           kept|reset|others|some     omitted fields in a PUT of a
                                     date: they get the documented defaults,
                                     other ones (language en), or some do
  date_put_fields    all|documented  fields that a PUT of a date knows (5.10)
  date_order         unchecked|checked          end_at before start_at
  customer_put_omitted  kept|reset|others|some
  customer_put       present|404|405
  customer_delete    405|present
  delete_method      present|405     DELETE of courses and dates
  delete_answer      object|ids|empty
  write_answer       ids|object|id   answer of POST and PUT
  participant_put    kept|reset      omitted fields in a PUT of a participant
  participant_answer object|empty    what that answers
  exported           also|only       what exported=true shows of orders
  order_exported_at  present|absent  in an order
  other_pages        paged|whole     instructors, locations, countries and
                                     currencies take limit and page
  post_status        200|201

  gzip               on|off
  keepalive          on|off
  front_cache        off|aged|silent a cache in front: a GET without
                                     Cache-Control: no-cache gets what its
                                     account got first, with an Age or (as of
                                     nginx) without; --log says "cached" or
                                     "no-cache"
  latency            0-0|RANGE       milliseconds before each answer
  url_max            8000|N          longer targets: 414

Faults.  A fault is a line of words, quoted as in a shell: NAME or
NAME=VALUE (kind=NAME is the same as NAME).  All faults that match a request
apply to it together.  Values of header and retry_after may hold {iso+S},
{http+S} and {epoch+S}: the server's time S seconds from now.

  match              REGEX    on "METHOD /path?query", decoded, without /v2
  count              N        how often it applies; 1, 0 = for ever
  skip               N        matching requests to let pass first
  processed          yes|no   whether the request is carried out; no is the
                              default of status from 300 on, redirect and
                              retry_after
  id                 ID       edit only the item with this id

  status             CODE     body and type go with it, else {"error": ...}
  body               TEXT     replaces the body
  type               TEXT     replaces the Content-Type
  header             NAME:VALUE  adds or replaces a header; repeatable
  redirect           URL      302
  retry_after        VALUE    429 (or status) with this Retry-After

  delay              MS       before answering
  hold               -        until --release
  drip               RATE     bytes of the body per second
  stall_after_headers  -      send no body until --release
  reset              -        RST instead of an answer
  close              -        FIN instead of an answer
  dead_keepalive     -        answer this one; carry out the next request on
                              the connection (processed=no: do not) and close
                              without a byte
  garbage            -        random bytes instead of HTTP
  literally          TEXT     these bytes instead of an answer, then FIN;
                              \\r, \\n and the like as in Python
  truncate           BYTES    true Content-Length, body cut there, close
  wronglength        S        Content-Length is off by S
  bigheader          BYTES    a header of that length (300000)
  bomb               MB       gzip that decodes to that much

  html               -        200 with HTML
  empty              -        200 without a body
  badjson            -        the second half of the JSON is missing
  trailing           -        text after the JSON
  nocontainer        -        {"foo":1}
  badutf8            FIELD    an invalid byte in the first item's title, or in
                              FIELD; the same for the next two
  nul                FIELD    \u0000
  surrogate          FIELD    a lone surrogate
  nest               N        a value of depth N in the first item
  hugeid             TEXT     the first item's id; 9007199254740993
  patch              JSON     {"dotted.path": value}, in every item
  patchraw           PATH=TEXT  TEXT goes into the body as it is
  drop               PATH     remove a key from every item
  swap               -        exchange the page's first two items
  duplicate          -        repeat the first item at the end
  shift              N        insert N rows (1) at the front of the data
                              afterwards
  pull               -        remove the page's first row afterwards
"""
