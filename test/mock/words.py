"""Words that rows are made of, and rows of nothing but defaults."""

import functools
import re

LEVELS = {6: "Courses", 15: "Corporate training"}
FORMS = {1: "Classroom", 2: "Online", 3: "Blended"}
TIMES_OF_DAY = {1: "Daytime", 2: "Evening", 3: "Weekend"}
UNITS = {1: ("day", "Day", "Days"), 2: ("week", "Week", "Weeks"),
         3: ("month", "Month", "Months"),
         4: ("semester", "Semester", "Semesters"),
         5: ("year", "Year", "Years"), 6: ("hour", "Hour", "Hours"),
         7: ("minute", "Minute", "Minutes")}
STATUSES = {1: "To be defined", 2: "Will run", 3: "Canceled", 4: "Postponed"}
LANGUAGES = {"no": "Norwegian", "en": "English", "sv": "Swedish",
             "da": "Danish", "de": "German", "pl": "Polish"}
COUNTRIES = {"NO": (1, "Norway"), "SE": (2, "Sweden"), "DK": (3, "Denmark"),
             "FI": (4, "Finland"), "IS": (5, "Iceland"), "DE": (6, "Germany"),
             "GB": (7, "United Kingdom")}
CUSTOMER_TYPES = {1: "Company", 2: "Private"}
NORWEGIAN = {
    "Courses": "Kurs", "Corporate training": "Bedriftsintern oppl\u00e6ring",
    "Classroom": "Klasserom", "Online": "Nett", "Blended": "Kombinert",
    "Daytime": "Dagtid", "Evening": "Kveld", "Weekend": "Helg",
    "To be defined": "Ikke avklart", "Will run": "Starter",
    "Canceled": "Avlyst", "Postponed": "Utsatt", "Norwegian": "Norsk",
    "English": "Engelsk", "Swedish": "Svensk", "Danish": "Dansk",
    "German": "Tysk", "Polish": "Polsk", "Norway": "Norge",
    "Sweden": "Sverige", "Denmark": "Danmark", "Iceland": "Island",
    "Germany": "Tyskland", "United Kingdom": "Storbritannia",
    "Company": "Bedrift", "Private": "Privat", "Active": "Aktiv",
    "Deactivated": "Deaktivert", "Day": "Dag", "Days": "Dager",
    "Week": "Uke", "Weeks": "Uker", "Hour": "Time", "Hours": "Timer",
}

# (id, title, parent id, parent title)
PLACES = (
    (301, "Oslo", 290, "\u00d8stlandet"),
    (302, "Bergen", 291, "Vestlandet"),
    (303, "Trondheim", 292, "Tr\u00f8ndelag"),
    (304, "Troms\u00f8", 293, "Nord-Norge"),
    (305, "Kristiansand", 294, "S\u00f8rlandet"),
    (306, "Stavanger", 291, "Vestlandet"),
)
# (id, title, address, zipcode, city, place id, lat, lng, capacity)
LOCATIONS = (
    (801, "Oslo Kongressenter", "Youngs gate 11", "0181", "Oslo", 301,
     59.914, 10.749, 20),
    (802, "Bryggen Kurssenter", "Bryggen 7", "5003", "Bergen", 302,
     60.3975, 5.324, 14),
    (803, "Nidar\u00f8 Hallen", "Kl\u00f8stergata 90", "7030", "Trondheim",
     303, 63.42, 10.37, 30),
    (804, "Ishavskurs", "Sj\u00f8gata 12", "9008", "Troms\u00f8", 304,
     69.6492, 18.956, 12),
    (805, "Nettkurs", "", "", "", 0, 0, 0, 100),
    (806, "Havna \"R\u00f8d\"", "Skagen 27", "4006", "Stavanger", 306,
     58.97, 5.73, 0),
)

SMALL_COURSES = (
    # title, reference
    ("Hot Work Certificate", "HW-01"),
    ("First Aid", "FA-02"),
    ("Working at Heights", None),
    ("Forklift Operator T1-T4", "1004"),
    ("Truckf\u00f8rer repetisjon", "TF_05"),
    ("Project Management", "PM-06"),
    ("Arbeidsmilj\u00f8loven i praksis", ""),
    ("Fall Protection \"Basic\"", "FP-08"),
    ("Crane Operator G4", None),
    ("Excel 100%", "XL-10"),
    ("Asbestos Removal", "AR-11"),
    ("Maskinf\u00f8rer M1/M2", "MF-12"),
)
SMALL_CUSTOMERS = (
    "Fjord Diving AS", "Nordlys Bygg AS", "Kari Nordmann",
    "\u00c5sgard Entrepren\u00f8r", "4711", "Bergen Brannvern AS",
    "O'Hara & S\u00f8nner", "Troms\u00f8 Havn KF", "Ola Hansen",
    "Vestkyst Kran AS", "\u00d8stfold Elektro", "Sm\u00e5 & Store Bedrifter",
    "Lofoten Fisk AS", "Telemark Stillas AS", "Per \"Pelle\" Olsen",
)
NASTY = (
    "O'Reilly's \"quoted\" `course`", "back\\slash \\n \\u0041 C:\\temp\\",
    "emoji \U0001f600\U0001f1f3\U0001f1f4 \U0001f468\u200d\U0001f692",
    "line one\nline two\r\nline three\ttab",
    "combining e\u0301 a\u030a o\u0308",
    "50 % rabatt %s %d %% %20", "<b>HTML</b> &amp; <script>x()</script>",
    "Sv\u00e6rt lang tittel " * 40, "12345678901234567890", "007",
    "\u202e\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "'; DROP TABLE courses; --", "{\"json\": [1, null]}", "null", "NULL",
    "  leading and trailing  ", "\u200b", "\u2028\u2029 separators", "\\N",
    "\ufeffBOM", "\U0010fffd", "\u007f\u0080\u009f", "a,b;c|d", "-1", "1e5",
    "true", "\u0130i\u0131I \u00df\u1e9e", "$1 {} [] () * ?", "../../etc",
)
SUBJECTS = (
    "Truckf\u00f8rer", "F\u00f8rstehjelp", "Varme arbeider",
    "Arbeid i h\u00f8yden", "HMS for ledere", "Prosjektledelse", "Excel",
    "Arbeidsrett", "Kranf\u00f8rer", "Stillasbygging", "Brannvern",
    "Fallsikring", "Maskinf\u00f8rer", "Elsikkerhet", "Sveising",
    "Yrkesdykking", "Kjemikalieh\u00e5ndtering", "Kommunikasjon",
    "Regnskap", "L\u00f8nn og frav\u00e6r", "Verneombud", "Lift", "Stropp og "
    "signal", "Redningsb\u00e5t", "Personvern (GDPR)",
)
VARIANTS = (
    "grunnkurs", "videreg\u00e5ende", "repetisjon", "e-l\u00e6ring", "fagdag",
    "sertifisering", "for nybegynnere", "instrukt\u00f8rkurs", "p\u00e5 "
    "engelsk", "kveldskurs", "bedriftsinternt", "\u2013 intensiv",
)
FIRST_NAMES = (
    "Kari", "Ola", "Ingrid", "Lars", "Anne", "Per", "Solveig", "H\u00e5kon",
    "\u00c5se", "\u00d8yvind", "Marit", "Bj\u00f8rn", "Sigrid", "Magnus",
    "Gro", "Trygve", "S\u00f8lvi",
)
LAST_NAMES = (
    "Hansen", "Johansen", "Olsen", "Larsen", "Andersen", "Nilsen", "B\u00f8e",
    "Kristiansen", "Haugen", "S\u00e6ther", "\u00d8deg\u00e5rd", "Moen",
    "Str\u00f8m", "Bakken", "Solberg", "Dahl", "L\u00f8vland", "Lie",
    "\u00c5s",
)
TRADES = (
    "Bygg", "Elektro", "R\u00f8r", "Transport", "Sj\u00f8mat", "Kran", "Data",
    "Regnskap", "Renhold", "Maskin", "Skogdrift", "Hotell", "Skole",
)
COMPANY_FORMS = ("AS", "ASA", "ANS", "KF", "SA", "DA")
STREETS = (
    "Storgata", "Kirkegata", "Skolegata", "Sj\u00f8gata", "Havnegata",
    "B\u00e6kkefaret", "\u00d8vre M\u00f8llenberg gate", "Strandveien",
)
TOWNS = (
    ("0181", "Oslo"), ("5003", "Bergen"), ("7030", "Trondheim"),
    ("9008", "Troms\u00f8"), ("4006", "Stavanger"), ("6002", "\u00c5lesund"),
    ("8006", "Bod\u00f8"), ("1606", "Fredrikstad"), ("3916", "Porsgrunn"),
)

TEXTS = ("text_lead", "text_description", "text_place", "text_prerequisites",
         "text_duration", "text_credits", "text_submissions",
         "text_hotel_info", "text_audience")
CONTACT_FIELDS = ("email_booking", "email_more_info", "external_booking_url",
                  "external_more_info_url")


def titled(titles, number, word):
    """{id, title} of a number that may have no known title."""
    return {"id": number, "title": titles.get(number, "%s %d"
                                              % (word, number))}


def language(code):
    """{id, title} of a language code."""
    return {"id": code, "title": LANGUAGES.get(code, code)}


def unit(number):
    """A unit of duration."""
    code, title, plural = UNITS[number]
    return {"id": number, "code": code, "title": title,
            "title_plural": plural}


def status(number):
    """The status object of a date."""
    return {"id": number, "idType": number, "title": STATUSES[number]}


def country(code):
    """The country object of an ISO code."""
    number, title = COUNTRIES[code]
    return {"id": number, "title": title, "code": code}


def place(number):
    """The place object of an id, without the date's own addition."""
    for row in PLACES:
        if row[0] == number:
            return dict(zip(("id", "title", "parent_id", "parent_title"), row))
    raise ValueError(number)


@functools.lru_cache(None)
def location(number):
    """The location object of an id; shared by its dates."""
    row = next((row for row in LOCATIONS if row[0] == number), None)
    if row is None:
        raise ValueError(number)
    _, title, address, zipcode, city, place_id, lat, lng, capacity = row
    full_address = ", ".join(filter(None, (address, zipcode + " " + city)))
    return {
        "id": number, "title": title, "custom_title": None,
        "address": address, "address2": "", "address3": None,
        "zipcode": zipcode, "city": city, "state": None, "county": None,
        "idCountry": 1, "country": "Norway",
        "country_code": "NO" if city else "", "idPlace": place_id,
        "lat": lat, "lng": lng, "timezone": "Europe/Oslo",
        "long_text": "<p>Kaffe og lunsj er inkludert. Parkering i "
        "n\u00e6rmeste gate.</p>" if city else None,
        "short_text": None, "short_text_2": None,
        "capacity_min": None, "capacity_max": capacity,
        "capacity_overbook": None, "capacity_budget": None,
        "capacity_wait": None, "idInstructor": None, "email_booking": None,
        "email_moreinfo": None, "is_default": number == 801,
        "is_archived": None, "is_virtual": not city,
        "cancellation_days": None, "notification_days": None,
        "notification_role": None, "is_notification_enabled": None,
        "full_address": full_address.strip(), "filtered_places": [],
    }


def instructor(number):
    """The instructor object of an id."""
    first = FIRST_NAMES[number % len(FIRST_NAMES)]
    last = LAST_NAMES[number % len(LAST_NAMES)]
    return {
        "id": number, "title": None, "name": first,
        "fullname": first + " " + last, "phone": None, "company": None,
        "position": "Instrukt\u00f8r",
        "email": "instructor%d@frontcore.example" % number,
        "is_archived": False,
    }


def seats(capacity, booked, waiting=0):
    """The seats object and seats_status; integers and strings mixed."""
    free = max(0, capacity - booked)
    unconfirmed = booked // 4
    return {
        "allocated_capacity": {"num": capacity, "num_overbooked": "0",
                               "num_waiting": str(waiting)},
        "free": {"num": free, "num_waiting": waiting},
        "booking_status": {"num": booked,
                           "num_confirmed": booked - unconfirmed,
                           "num_unconfirmed": unconfirmed, "num_waiting": 0},
    }, "open" if free else "fully_booked"


def slug(title):
    """The part of a URL that kursguiden.no would make of a title."""
    return re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-")[:80]


def kursguiden(title):
    """A course's page."""
    return "https://www.kursguiden.no/kurs/%s/" % slug(title)


def blank_course():
    """A course as POST with nothing but defaults would store it."""
    row = {
        "id": None, "title": "", "reference": None, "is_active": True,
        "type": "public", "kursguiden_url": "", "is_full_time": False,
        "is_part_time": False, "lessons_hours": None,
        "level": titled(LEVELS, 6, "Level"),
        "form_of_teaching": titled(FORMS, 1, "Form"),
        "teaching_language": language("no"), "time_of_day": None,
        "duration": None,
        "price": {"value": 0, "currency": "NOK", "comment": None},
        "categories": None, "tags": [], "visit_address": "",
        "visit_address2": "", "visit_zipcode": "", "visit_city": "",
        "custom_properties": None, "description_languages": ["no"],
    }
    row.update(dict.fromkeys(TEXTS + CONTACT_FIELDS))
    row.update(created_at=None, updated_at=None)
    return row


def blank_date():
    """A course date as POST with nothing but defaults would store it."""
    counts, openness = seats(0, 0)
    return {
        "coursedate_id": None, "course_id": None, "title": None,
        "start_at": None, "start_time_at": None, "end_at": None,
        "end_time_at": None, "timezone": None, "deadline_at": None,
        "place": {"title_additional_info": None}, "event_url": "",
        "location": None, "is_virtual": False, "is_visible": True,
        "teaching_language": language("no"), "kursguiden_url": "",
        "visible_when_passed_deadline": True, "reference": None,
        "parent_id": None, "trigger_value": None, "seats_status": openness,
        "seats": counts, "gatherings": [], "course": None,
        "custom_properties": None, "status": status(1), "created_at": None,
        "updated_at": None, "deleted_at": None, "contacts": [],
        "instructors": [],
    }


def blank_address():
    """One of a customer's three addresses."""
    return dict.fromkeys(("address", "address_2", "address_3", "zipcode",
                          "city"))


def blank_customer():
    """A customer as POST with nothing but defaults would store it."""
    row = dict.fromkeys((
        "id", "title", "department", "phone", "fax", "email", "webaddress",
        "orgnr", "invoice_email", "customer_reference_id",
        "customer_reference", "note", "turnover", "idParentCustomer"))
    row.update(
        invoice_method="electronic", country=country("NO"), status="Active",
        type="Company", duedate_days=14, seller=None,
        invoice_address=blank_address(), post_address=blank_address(),
        visit_address=blank_address(), custom_properties=None,
        employees=[], created_at=None, updated_at=None)
    return row
