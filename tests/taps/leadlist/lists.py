"""Lists as people and programs make them, each with what must come out of it. A seed makes one list."""

import csv
import io
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime

FIRST = ["Ada", "Jürgen", "François", "José", "Anna", "Wei", "Søren", "Łukasz", "O'Neil", "Mary Jane"]
LAST = ["Lovelace", "Müller", "Lévêque", "Núñez", "Smith", "Wang", "Ødegård", "Wójcik", "Beck", "Jones"]
WESTERN = [n for n in FIRST if n != "Łukasz"], [n for n in LAST if n != "Wójcik"]
JAPANESE = ["太郎", "花子", "一郎", "美咲"], ["田中", "鈴木", "佐藤", "高橋"]
CHINESE = ["伟", "娜", "秀英", "敏"], ["王", "李", "张", "刘"]
COMPANIES = [
    "Engines Ltd",
    "Bäckerei Groß",
    'The "Quoted" Co',
    "Comma, Inc",
    "Semi; Colon GmbH",
    "Pipe | Works",
    "Tab\tCo",
]
NOTES = ["", "", "call him", "two\nlines", "=1+1", '=HYPERLINK("http://x")', 'said "yes"', "-", "@home"]
WORDS = {
    "first_name": ["First Name", "Vorname", "Given name", "FIRSTNAME"],
    "last_name": ["Last Name", "Nachname", "Surname"],
    "name": ["Full Name", "Name", "Attendee Name"],
    "email": ["Email", "E-Mail", "Email Address", "Attendee Email"],
    "company": ["Company", "Organization", "Firma"],
    "status": ["Status", "Attendance Status"],
    "minutes": ["Minutes Attended", "Time in Session (minutes)"],
    "occurred_at": ["Scan Time", "Timestamp"],
    "note": ["Note", "Interested in", "Comment"],
}
STATUSES = {
    "Attended": "attended",
    "No-Show": "no_show",
    "Registered": "registered",
    "Cancelled": "cancelled",
}


@dataclass
class Listed:
    """A file, and what it tells."""

    name: str
    data: bytes
    what: str
    people: list[dict] = field(default_factory=list)  # what must come out, in order
    refused: int = 0  # rows that must be explained
    is_refused: bool = False  # the whole file must be explained
    settings: dict = field(default_factory=dict)


@dataclass(kw_only=True)
class Form:
    """How one list is written."""

    columns: list[str]
    names: tuple[list[str], list[str]]
    encoding: str
    has_comma_names: bool
    is_day_first: bool


def make(seed, *, most=40):
    """Make one list."""
    draw = random.Random(seed)
    kind = draw.choices(["list", "empty", "binary", "ambiguous", "headless"], [86, 4, 4, 3, 3])[0]
    if kind == "empty":
        return Listed(
            f"empty-{seed}.csv", draw.choice([b"", b"\n\n", b"\xef\xbb\xbf", b",,,\n"]), kind, is_refused=True
        )
    if kind == "binary":
        head = draw.choice(
            [b"\x89PNG\r\n", b"%PDF-1.7", b"\xd0\xcf\x11\xe0", bytes(range(32)), b"PK\x03\x04broken"]
        )
        return Listed(f"binary-{seed}.csv", head + draw.randbytes(3000), kind, is_refused=True)
    if kind == "headless":
        return Listed(f"headless-{seed}.csv", b"Ada,ada@x.com,7\nBob,bob@x.com,8\n", kind, is_refused=True)
    if kind == "ambiguous":
        data = b"Email,Date\na@x.com,03/04/2026\nb@x.com,05/04/2026\n"
        return Listed(f"ambiguous-{seed}.csv", data, kind, is_refused=True)
    return _list(draw, seed, most)


def _list(draw, seed, most):
    is_book = draw.random() < 0.2
    encoding = draw.choice(
        ["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "mac_roman", "cp932", "gb18030"]
    )
    encoding = "utf-8" if is_book else encoding
    delimiter = draw.choice([",", ";", "\t", "|"])
    names = {"cp932": JAPANESE, "gb18030": CHINESE, "cp1252": WESTERN, "mac_roman": WESTERN}.get(
        encoding, (FIRST, LAST)
    )
    columns = [
        *draw.choice([["first_name", "last_name"], ["last_name", "first_name"], ["name"], ["name"]]),
        "email",
    ]
    columns += [one for one in ("company", "status", "minutes", "occurred_at", "note") if draw.random() < 0.6]
    draw.shuffle(columns)
    head = [draw.choice(WORDS[one]) for one in columns]
    listed = Listed(f"list-{seed}.{'xlsx' if is_book else 'csv'}", b"", f"{encoding} {delimiter!r} {columns}")
    comma_names = "name" in columns and draw.random() < 0.3
    day_first = draw.random() < 0.5
    form = Form(
        columns=columns, names=names, encoding=encoding, has_comma_names=comma_names, is_day_first=day_first
    )
    rows = [_row(draw, place, form, listed) for place in range(draw.randrange(most))]
    _spoil(draw, rows, head, listed)
    table = _above(draw, head) + rows
    listed.data = _book(table) if is_book else _text(draw, table, delimiter, encoding)
    return listed


def _row(draw, place, form, listed):
    columns, names, encoding = form.columns, form.names, form.encoding
    first, last = draw.choice(names[0]), draw.choice(names[1])
    company = draw.choice(COMPANIES) if encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le") else "Acme"
    mail = f"p{place}@x{draw.randrange(9)}.com"
    # The first day shows which number is the month: day 13 and above.
    when = datetime(
        2026,
        draw.randrange(1, 13),
        13 + (0 if place == 0 else draw.randrange(-12, 15)),
        9,
        draw.randrange(60),
        tzinfo=UTC,
    )
    label = draw.choice(list(STATUSES))
    minutes = draw.choice(["0", "", "12", "45 min", "1:05:00"])
    attended = minutes not in ("0", "")
    status = "attended"
    if "minutes" in columns:
        status = "attended" if attended else "no_show"
    if "status" in columns and not ("minutes" in columns and (attended or label == "Registered")):
        status = STATUSES[label]
    told = {
        "first_name": first, "last_name": last, "email": mail, "company": company, "status": label, "minutes": minutes,
        "name": f"{last}, {first}" if form.has_comma_names else f"{first} {last}",
        "occurred_at": when.strftime("%d/%m/%Y %H:%M" if form.is_day_first else "%m/%d/%Y %I:%M %p"), "note": draw.choice(NOTES),
    }  # fmt: skip
    listed.people.append({
        "email": mail, "name": f"{first} {last}", "status": status,
        "company": company.strip() if "company" in columns else None,
        "occurred_at": when.strftime("%Y-%m-%dT%H:%M:00Z") if "occurred_at" in columns else None,
        "extra": [told["note"].strip()] if "note" in columns and told["note"].strip() else [],
    })  # fmt: skip
    return [told[one] for one in columns]


def _spoil(draw, rows, head, listed):
    """Add what is no person: each is refused and must be explained. Blank rows are nothing."""
    if draw.random() < 0.3 and len(head) > 2:
        rows.append(["Total: 7", *[""] * (len(head) - 1)])
        listed.refused += 1
    if draw.random() < 0.2:
        rows.append([f"cell {n}" for n in range(len(head) + 2)])
        listed.refused += 1
    if draw.random() < 0.2:
        rows.append(list(head))
        listed.refused += 1
    for _ in range(draw.randrange(3)):
        rows.append([""] * len(head))


def _above(draw, head):
    above = []
    if draw.random() < 0.3:
        above += [["Exported by ScanPro 2.1"], [f"{draw.randrange(9)} files"], []]
    if draw.random() < 0.2 and len(head) > 3:  # headings over several columns each
        half = len(head) // 2
        above += [["About the guest", *[""] * (half - 1), "At the stand", *[""] * (len(head) - half - 1)]]
    return [*above, head]


def _text(draw, table, delimiter, encoding):
    out = io.StringIO(newline="")
    quoting = draw.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    csv.writer(
        out, delimiter=delimiter, quoting=quoting, lineterminator=draw.choice(["\r\n", "\n"])
    ).writerows(table)
    return out.getvalue().encode(encoding)


def _book(table):
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    page = book.create_sheet("Leads")
    for row in table:
        page.append([cell.replace("\t", " ") if not cell.startswith("=") else f" {cell}" for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
