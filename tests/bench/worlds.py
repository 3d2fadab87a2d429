"""Worlds of companies, people, badges and ledger customers, with the truth: the CSV shapes that `tests.bench.linking` reads.

``python -m tests.bench.worlds --accounts 100000 --seed 1 --out DIR [--noise 1.0]``. The vocabulary is finite, as words
are: the larger a world, the more companies share a name without being one. Companies come alone, as groups (a parent
with subsidiaries of its name), as franchises (one name, many places) and as near names; each record is written by
another hand: legal forms, trading names, typing errors, swapped letters, other addresses, a bookkeeper's mailbox.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
from dataclasses import dataclass, field
from pathlib import Path


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text."""
    return tuple(text.split())


WORDS = words(
    "Acorn Alpine Amber Anchor Apex Arbor Argent Ash Aspen Atlas Badger Bay Beacon Bear Birch Blue Bolt Bright Brook Canyon"
    " Cardinal Cascade Cedar Citadel Clear Cliff Cloud Coastal Cobble Coral Crane Crest Crystal Cypress Dale Delta Dove Eagle"
    " East Echo Ember Everest Falcon Fern Field First Fjord Flint Forest Fox Gale Garnet Glacier Golden Granite Green Grove"
    " Harbor Hawk Hazel Heritage Highland Hill Horizon Iris Iron Ivory Jade Juniper Keystone Lake Lark Laurel Liberty Lime"
    " Lunar Maple Marsh Meridian Mesa Mill Mist Moon Moss Noble North Nova Oak Ocean Olive Onyx Opal Orchid Otter Pacific Palm"
    " Peak Pearl Pine Pioneer Plaza Prairie Prime Quartz Raven Red Ridge River Robin Rock Rose Ruby Sable Sage Salt Sand Sierra"
    " Silver Sky Solar South Spring Spruce Star Stone Storm Summit Sun Swift Teal Thistle Tidal Timber Topaz Trail Tulip Union"
    " Valley Venture Vertex Vista Walnut West White Wild Willow Wind Winter Wolf Zenith Zephyr"
)
KINDS = words(
    "Trading Logistics Foods Dental Software Consulting Marine Tools Media Studios Energy Capital Freight Textiles Chemicals"
    " Optics Printing Security Catering Furniture Plastics Motors Partners Packaging Travel Clinics Robotics Farms Insurance"
    " Solutions Systems Interiors Roofing Plumbing Electric Design Analytics Bakery Brewing Supply"
)
SHORT = {
    "Manufacturing": "Mfg",
    "Logistics": "Log.",
    "Solutions": "Sol.",
    "Systems": "Sys",
    "Partners": "Ptnrs",
}
SURNAMES = words(
    "Adler Baker Becker Bianchi Brandt Carter Chen Cohen Costa Dubois Eriksen Evans Fischer Fontaine García Gray Hansen Hayes"
    " Hoffmann Hughes Ivanov Jansen Jensen Keller Kim Klein Kowalski Lambert Larsen Lee Lopez Martin Meyer Moreau Müller Murphy"
    " Nakamura Nguyen Novák Olsen Ortiz Parker Patel Perez Peters Price Quinn Reyes Ricci Roberts Rossi Schmidt Schröder Silva"
    " Singh Smith Sørensen Taylor Thomas Torres Vargas Vogel Wagner Walsh Weber Wilson Wójcik Wright Young Ziegler Zimmermann"
)
GIVEN = words(
    "Alex Amelie Andrew Anna Barbara Ben Carla Catherine Chris Clara Daniel David Diego Elena Elizabeth Emma Erik Eva Felix"
    " Frank Grace Hannah Helen Ian Ines James Jan Jennifer John Jonas Joseph Julia Karl Kate Laura Leo Linda Lucas Lucy Maria"
    " Mark Marta Matthew Max Michael Nadia Nicole Nina Olga Oliver Oscar Paul Peter Philip Rachel Richard Robert Rosa Samuel"
    " Sandra Sara Simon Sofia Stephen Susan Thomas Tim Tina Tom Ursula Vera Victor William Yusuf Zoe"
)
NICK = {
    "Robert": "Bob", "William": "Bill", "Michael": "Mike", "Elizabeth": "Liz", "Catherine": "Cathy", "Richard": "Dick",
    "Thomas": "Tom", "Jennifer": "Jenny", "Joseph": "Joe", "Matthew": "Matt", "Samuel": "Sam", "Andrew": "Andy",
}  # fmt: skip
STREETS = words(
    "Main Oak Park High Mill Church Station Market Lake Hill Bridge King Queen Victoria Garden Forest Cedar Bank College Broad"
)
WAYS = (
    ("Street", "St"),
    ("Road", "Rd."),
    ("Avenue", "Ave"),
    ("Lane", "Ln"),
    ("Drive", "Dr"),
    ("Court", "Ct."),
    ("Boulevard", "Blvd"),
)
GERMAN = words("Bahnhof Haupt Schiller Goethe Garten Linden Kirch Berg Dorf Industrie Schul Wald")
COUNTRIES = {
    "US": (("United States", "USA", "US"), ("Boston", "Denver", "Tampa", "Mesa", "Boise", "Tulsa", "Chicago", "Springfield", "Portland"), ("LLC", "Inc.", "Corp", "")),
    "GB": (("United Kingdom", "UK", "GB"), ("London", "Leeds", "Bristol", "Glasgow", "York"), ("Ltd", "Limited", "PLC", "")),
    "DE": (("Germany", "Deutschland", "DE"), ("Berlin", "München", "Köln", "Hamburg", "Düsseldorf"), ("GmbH", "AG", "G.m.b.H.", "")),
    "FR": (("France", "FR"), ("Paris", "Lyon", "Nantes", "Toulouse"), ("SARL", "SAS", "S.A.", "")),
}  # fmt: skip
SAME_FORM = {"LLC": ("L.L.C.", "Llc"), "Inc.": ("Inc", "Incorporated"), "Corp": ("Corporation", "Corp."), "Ltd": ("Limited", "Ltd."), "Limited": ("Ltd",), "GmbH": ("Gmbh", "G.m.b.H."), "G.m.b.H.": ("GmbH",)}  # fmt: skip
ENDS = {"US": ("com", "net", "io", "co"), "GB": ("co.uk", "com"), "DE": ("de", "com"), "FR": ("fr", "com")}
FREE = ("gmail.com", "outlook.com", "yahoo.com", "gmx.de", "orange.fr")
ROLES = ("ap", "billing", "invoices", "office", "info", "accounts", "sales", "finance")


@dataclass(slots=True)
class Company:
    """One company as it is, whatever anybody writes."""

    key: int
    name: str
    form: str
    country: str
    city: str
    street: str
    postal: str
    phone: str
    domain: str
    tax: str
    tail: str = ""
    door: str = ""
    group: int | None = None


@dataclass(slots=True)
class World:
    """What is written out, one list of rows a file."""

    rows: dict[str, list[dict[str, object]]] = field(default_factory=dict)

    def add(self, file: str, **row: object) -> None:
        """Append one row to a file."""
        self.rows.setdefault(file, []).append(row)


class Maker:
    """Makes companies and the records that people wrote about them."""

    def __init__(self, seed: int, noise: float) -> None:
        self.random = random.Random(seed)
        self.noise = noise
        self.count = 0
        self.domains: set[str] = set()

    def often(self, share: float) -> bool:
        """Say yes with this probability; more often in a noisier world."""
        return self.random.random() < share * self.noise

    def pick(self, among):
        """Return one of these."""
        return among[int(self.random.random() * len(among))]

    def name(self) -> str:
        """Return a company's name without its legal form."""
        roll = self.random.random()
        if roll < 0.28:
            return f"{self.coined()} {self.pick(KINDS)}" if roll < 0.2 else self.coined()
        if roll < 0.5:
            return f"{self.pick(WORDS)} {self.pick(KINDS)}"
        if roll < 0.74:
            return f"{self.pick(WORDS)} {self.pick(WORDS)} {self.pick(KINDS)}"
        if roll < 0.86:
            return f"{self.pick(SURNAMES)} & {self.pick(SURNAMES)} {self.pick(KINDS)}"
        if roll < 0.94:
            return f"{self.pick(SURNAMES)} {self.pick(KINDS)}"
        return "".join(self.pick("ABCDEFGHIKLMNOPRSTVW") for _ in range(3)) + " " + self.pick(KINDS)

    def coined(self) -> str:
        """Return a word that nobody has in a dictionary."""
        return "".join(
            self.pick("bcdfgklmnprstvz") + self.pick("aeiou") for _ in range(3)
        ).capitalize() + self.pick(("", "n", "x", "lux", "tec"))

    def company(self, name: str = "", *, like: Company | None = None, tail: str = "") -> Company:
        """Return a new company; ``like`` is another one of its group or franchise."""
        self.count += 1
        country = (
            like.country
            if like and not self.random.random() < 0.15
            else self.pick(("US", "US", "US", "GB", "DE", "FR"))
        )
        _, cities, forms = COUNTRIES[country]
        name = name or self.name()
        form = self.pick(forms)
        plain = "".join(one for one in fold(name).lower() if one.isalnum())
        domain = like.domain if like and self.random.random() < 0.5 else f"{plain}.{self.pick(ENDS[country])}"
        while (not like or domain != like.domain) and domain in self.domains:
            domain = f"{plain}{self.pick(KINDS).lower()}{self.pick(('', '-group', str(self.count)))}.{self.pick(ENDS[country])}"
        if not like and self.random.random() < 0.08:
            domain = f"{self.coined().lower()}.{self.pick(ENDS[country])}"
        self.domains.add(domain)
        city = self.pick(cities)
        spot = cities.index(city)
        return Company(
            key=self.count, name=name, form=form, country=country, city=city, domain=domain, tail=tail,
            street=self.street(country), postal=self.postal(country, spot),
            phone=like.phone if like and self.random.random() < 0.1 else self.phone(country),
            tax="".join(self.pick("0123456789") for _ in range(9)),
            door=self.name() if self.random.random() < 0.05 else "", group=like.key if like else None,
        )  # fmt: skip

    def street(self, country: str) -> str:
        """Return a street with its number."""
        if country == "DE":
            return f"{self.pick(GERMAN)}straße {self.random.randint(1, 180)}"
        if country == "FR":
            return f"{self.random.randint(1, 180)} rue {self.pick(SURNAMES)}"
        return f"{self.random.randint(1, 9800)} {self.pick(STREETS)} {self.pick(WAYS)[0]}"

    def postal(self, country: str, spot: int) -> str:
        """Return a postal code of a city."""
        if country == "GB":
            return f"{'ABCDE'[spot]}{self.random.randint(1, 29)} {self.random.randint(1, 9)}{self.pick('ABDEFGH')}{self.pick('JLNPQRS')}"
        return f"{10 + 7 * spot}{self.random.randint(0, 999):03}"

    def phone(self, country: str) -> str:
        """Return a telephone number: its country code and its digits."""
        digits = "".join(self.pick("0123456789") for _ in range(7))
        return {
            "US": f"+1 {self.random.randint(201, 989)} {digits}",
            "GB": f"+44 20 {digits}0",
            "DE": f"+49 30 {digits}",
            "FR": f"+33 1 {digits}4",
        }[country]

    def typed(self, text: str, share: float = 0.06) -> str:
        """Return what a hand makes of it: two letters swapped, one lost, doubled or another."""
        if len(text) < 4 or not self.often(share):
            return text
        place = self.random.randint(1, len(text) - 2)
        roll = self.random.randint(0, 3)
        if roll == 0:
            return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        if roll == 1:
            return text[:place] + text[place + 1 :]
        return (
            text[:place] + (text[place] if roll == 2 else self.pick("aeinrst")) + text[place + (roll == 3) :]
        )

    def written_name(self, one: Company) -> str:
        """Return a company's name as somebody wrote it."""
        name = one.name
        if self.often(0.05):
            name = " ".join(SHORT.get(word, word) for word in name.split())
        if self.often(0.15):
            name = name.replace(" & ", self.pick((" and ", " + ", "&")))
        name = self.typed(name)
        if one.tail and not self.often(0.12):
            name = f"{name} {one.tail}"
        if one.form and self.random.random() < 0.6:
            name = f"{name} {self.pick((one.form, *SAME_FORM.get(one.form, ())))}"
        elif self.often(0.01):
            name = f"{name} {self.pick(COUNTRIES[one.country][2])}".strip()
        if self.often(0.06):
            name = self.pick(
                (
                    name.upper(),
                    name.lower(),
                    f"The {name}",
                    f"C{self.random.randint(10000, 99999)} - {name}",
                    f"{name} - EUR",
                )
            )
        return fold(name) if self.often(0.2) else name

    def written_phone(self, phone: str) -> str:
        """Return a telephone number as somebody wrote it."""
        code, area, rest = phone.split()
        return self.pick(
            (
                phone,
                phone.replace(" ", ""),
                f"({area}) {rest[:3]}-{rest[3:]}",
                f"0{area} {rest}" if code != "+1" else f"{area}-{rest[:3]}-{rest[3:]}",
                f"00{code[1:]} {area} {rest}",
            )
        )

    def written_street(self, street: str) -> str:
        """Return a street as somebody wrote it."""
        for long, short in WAYS:
            if street.endswith(long) and self.random.random() < 0.5:
                street = street[: -len(long)] + short
        if self.random.random() < 0.3:
            street = street.replace("straße", self.pick(("str.", "strasse")))
        if self.often(0.05):
            street += f", Suite {self.random.randint(1, 900)}"
        return self.typed(street, 0.04)

    def account(self, one: Company) -> dict[str, object]:
        """Return the company as sales wrote it."""
        known = not self.often(0.14)
        postal = "" if not known or self.often(0.06) else one.postal
        return {
            "name": self.written_name(one),
            "website": "" if self.often(0.3) else self.pick(("https://www.{}", "{}", "www.{}", "http://{}/en")).format(one.domain),
            "phone": "" if self.often(0.28) else self.written_phone(one.phone),
            "street": self.written_street(one.street) if known else "", "city": one.city if known else "",
            "region": "", "postal_code": postal,
            "country": "" if self.often(0.3) else self.pick(COUNTRIES[one.country][0]),
            "tax_id": self.pick((one.tax, f"{one.tax[:2]}-{one.tax[2:]}")) if not self.often(0.87) else "",
        }  # fmt: skip

    def customer(self, one: Company) -> dict[str, object]:
        """Return the company as bookkeeping wrote it."""
        moved = self.often(0.12)
        street = self.street(one.country) if moved else one.street
        if self.often(0.08):
            street = f"PO Box {self.random.randint(100, 9999)}"
        known, same_phone = not self.often(0.1), not self.often(0.22)
        name = self.written_name(one)
        if one.door and self.often(0.5):
            name = f"{name} d/b/a {one.door}" if self.random.random() < 0.5 else one.door
        mail = ""
        if not self.often(0.45):
            mail = f"{self.pick(ROLES)}@{one.domain}"
            if self.often(0.12):
                mail = f"clients@ledger{self.random.randint(1, 4)}.com"
            elif self.often(0.08):
                mail = f"{fold(self.pick(SURNAMES)).lower()}{self.random.randint(1, 999)}@{self.pick(FREE)}"
        return {
            "display_name": name, "company_name": "" if self.often(0.15) else name, "contact_first": "",
            "contact_last": "", "email": self.typed(mail, 0.01),
            "phone": "" if self.often(0.48) else self.written_phone(one.phone if same_phone else self.phone(one.country)),
            "street": self.written_street(street) if known else "", "city": one.city if known else "", "region": "",
            "postal_code": "" if not known or self.often(0.07) else (self.postal(one.country, 0) if moved else one.postal),
            "country": "" if self.often(0.35) else self.pick(COUNTRIES[one.country][0]),
            "tax_id": "" if self.often(0.58) else self.pick((one.tax, f"{one.country}{one.tax}", f"{one.tax[:2]}-{one.tax[2:]}")),
            "website": "" if self.often(0.87) else f"https://{one.domain}",
        }  # fmt: skip


def fold(text: str) -> str:
    """Return the text without accents."""
    return text.translate(str.maketrans("áéíóúäöüßøńñčó", "aeiouaousonnco"))


def companies(maker: Maker, count: int) -> list[Company]:
    """Return companies: alone, groups, franchises, and names that differ by one word or letter."""
    found: list[Company] = []
    while len(found) < count:
        one = maker.company()
        found.append(one)
        roll = maker.random.random()
        if roll < 0.05:
            for _ in range(maker.random.randint(1, 3)):
                name = maker.name() if maker.random.random() < 0.15 else one.name
                tail = maker.pick(
                    ("", "USA", "UK", "Services", "Logistics", "Holdings", "International", maker.pick(KINDS))
                )
                found.append(maker.company(name, like=one, tail=tail))
        elif roll < 0.06:
            for _ in range(min(int(maker.random.expovariate(0.12)) + 3, 60)):
                other = maker.company(one.name, like=one)
                other.tail = maker.pick(
                    ("", f"#{maker.random.randint(10, 9999)}", f"- {other.city}", f"({other.city})")
                )
                found.append(other)
        elif roll < 0.075:
            found.append(maker.company(one.name))
        elif roll < 0.085:
            found.append(maker.company(maker.typed(one.name, 99)))
    return found[:count]


def shared(one: dict[str, object], other: dict[str, object], company: Company) -> str:
    """Return what two records of one company really share."""
    digits = [["".join(c for c in str(row["phone"]) if c.isdigit())[-8:] for row in (one, other)]]
    evidence = []
    if one["tax_id"] and other["tax_id"]:
        evidence.append("tax")
    if one["website"] and (company.domain in str(other["email"]) or other["website"]):
        evidence.append("domain")
    if digits[0][0] and digits[0][0] == digits[0][1]:
        evidence.append("phone")
    house = [
        set("".join(c if c.isdigit() else " " for c in str(row["street"])).split()) for row in (one, other)
    ]
    if house[0] & house[1] and not str(other["street"]).startswith("PO"):
        evidence.append("addr")
    if fold(company.name).lower()[:6] in fold(str(other["display_name"])).lower():
        evidence.append("name")
    return "|".join(evidence)


def make(count: int, *, seed: int, noise: float = 1.0) -> World:
    """Return a world with about ``count`` accounts and as many customers."""
    maker, world = Maker(seed, noise), World()
    for one in companies(maker, count):
        accounts = []
        if maker.random.random() < 0.9:
            for copy in range(2 if maker.often(0.03) else 1):
                row = maker.account(one)
                accounts.append((f"{one.key * 7 + copy:011}", row))
                world.add("crm_accounts", account_id=accounts[-1][0], **row)
        for copy in range(int(maker.random.random() < 0.82) + int(maker.often(0.06))):
            row = maker.customer(one)
            key = f"C{one.key * 3 + copy:08}"
            reference = accounts[0][0] if accounts and maker.random.random() < 0.05 else ""
            if maker.often(0.0015):
                reference = f"{maker.random.randint(1, maker.count) * 7:011}"
            world.add("acc_customers", customer_id=key, **row, crm_ref=reference)
            for account, written in accounts:
                world.add(
                    "truth_links_company",
                    customer_id=key,
                    account_id=account,
                    evidence=shared(written, row, one),
                )
        people(maker, world, one, accounts[0] if accounts else None)
    return world


def people(
    maker: Maker, world: World, company: Company, account: tuple[str, dict[str, object]] | None
) -> None:
    """Add contacts of a company, and badges of some of them and of others."""
    for _ in range(maker.pick((0, 1, 1, 2))):
        maker.count += 1
        first, last = maker.pick(GIVEN), maker.pick(SURNAMES)
        if maker.random.random() < 0.6:
            last = f"{last}{maker.coined().lower()[:4]}"
        plain = fold(f"{first}.{last}").lower()
        mail = maker.pick(
            (
                f"{plain}@{company.domain}",
                f"{plain[0]}{fold(last).lower()}@{company.domain}",
                f"{fold(first).lower()}@{company.domain}",
            )
        )
        own = f"{plain}{maker.random.randint(1, 99)}@{maker.pick(FREE)}"
        phone = maker.phone(company.country)
        key = ""
        if maker.random.random() < 0.85:
            key = f"P{maker.count:010}"
            written = (
                ("info@" + company.domain) if maker.often(0.03) else (own if maker.often(0.08) else mail)
            )
            world.add(
                "crm_contacts", contact_id=key, account_id=account[0] if account and not maker.often(0.2) else "",
                first_name=maker.typed(first, 0.02), last_name=maker.typed(last, 0.03), title="",
                email="" if maker.often(0.12) else maker.typed(written, 0.01), phone="" if maker.often(0.6) else maker.written_phone(phone), mobile="",
                city=company.city if maker.random.random() < 0.5 else "", country=maker.pick(("", company.country)),
            )  # fmt: skip
        if maker.random.random() < 0.4:
            badge(maker, world, company, key, first=first, last=last, mails=(mail, own), phone=phone)


def badge(
    maker: Maker,
    world: World,
    company: Company,
    contact: str,
    *,
    first: str,
    last: str,
    mails: tuple[str, str],
    phone: str,
) -> None:
    """Add what a person wrote at a stand, and to whom it belongs."""
    given = NICK.get(first, first) if maker.often(0.15) else (first[0] if maker.often(0.05) else first)
    used = mails[1] if maker.often(0.15) else mails[0]
    written = "" if maker.often(0.3) else maker.typed(used, 0.02)
    number = (
        ""
        if maker.often(0.75)
        else maker.written_phone(phone if maker.random.random() < 0.85 else company.phone)
    )
    full = maker.pick(
        (
            f"{given} {last}",
            f"{last}, {given}",
            f"{given} {last}".upper(),
            f"{given} {maker.pick('ABEJM')}. {last}",
        )
    )
    key = f"B{maker.count:010}"
    world.add(
        "attendees", badge_id=key, full_name=maker.typed(full, 0.05), first_name="", last_name="",
        company="" if maker.often(0.1) else maker.written_name(company), job_title="", email=written, phone=number,
        country=maker.pick(("", company.country)),
    )  # fmt: skip
    if not contact:
        return
    row = world.rows["crm_contacts"][-1]
    evidence = ["company"]
    if written and written == row["email"]:
        evidence.append("email")
    if (
        number
        and row["phone"]
        and "".join(c for c in number if c.isdigit())[-8:]
        == "".join(c for c in str(row["phone"]) if c.isdigit())[-8:]
    ):
        evidence.append("phone")
    world.add("truth_links_person", contact_id=contact, badge_id=key, evidence="|".join(evidence))


def write(world: World, out: Path) -> None:
    """Write one CSV a file."""
    out.mkdir(parents=True, exist_ok=True)
    for name, rows in world.rows.items():
        with (out / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def main() -> int:
    """Write a world."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--accounts", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--noise", type=float, default=1.0)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    write(make(asked.accounts, seed=asked.seed, noise=asked.noise), asked.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
