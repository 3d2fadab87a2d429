"""Addresses that many people share: they identify nobody."""

from __future__ import annotations

#: Local parts of mailboxes that belong to a function, not to a person.
ROLE_MAILBOXES = (
    "abuse", "accounting", "accounts", "accountspayable", "admin", "administration", "ap", "ar", "billing",
    "bookings", "bookkeeping", "buchhaltung", "careers", "compta", "contact", "customerservice", "enquiries",
    "events", "finance", "hello", "help", "helpdesk", "hr", "info", "inquiries", "invoice", "invoices", "it",
    "jobs", "kontakt", "legal", "mail", "marketing", "media", "news", "no-reply", "noreply", "office",
    "operations", "orders", "payables", "post", "postmaster", "press", "procurement", "purchasing", "rechnung",
    "reception", "registration", "sales", "secretary", "service", "shop", "support", "team", "webmaster",
)  # fmt: skip

#: Domains where anybody can have a mailbox.
FREE_MAIL = (
    "126.com", "163.com", "aol.com", "att.net", "bellsouth.net", "bigpond.com", "bluewin.ch", "btinternet.com",
    "charter.net", "comcast.net", "cox.net", "duck.com", "earthlink.net", "fastmail.com", "free.fr",
    "freenet.de", "gmail.com", "gmx.at", "gmx.ch", "gmx.com", "gmx.de", "gmx.net", "googlemail.com",
    "hey.com", "hotmail.co.uk", "hotmail.com", "hotmail.de", "hotmail.fr", "hotmail.it", "icloud.com",
    "laposte.net", "libero.it", "live.co.uk", "live.com", "live.fr", "live.nl", "mac.com", "mail.com",
    "mail.ru", "me.com", "msn.com", "naver.com", "optonline.net", "orange.fr", "outlook.com", "outlook.de",
    "outlook.fr", "pm.me", "proton.me", "protonmail.com", "qq.com", "rediffmail.com", "rocketmail.com",
    "sbcglobal.net", "seznam.cz", "sfr.fr", "shaw.ca", "sky.com", "t-online.de", "telenet.be", "terra.com.br",
    "tiscali.it", "tuta.com", "tutanota.com", "uol.com.br", "verizon.net", "virgilio.it", "virginmedia.com",
    "wanadoo.fr", "web.de", "wp.pl", "yahoo.ca", "yahoo.co.in", "yahoo.co.jp", "yahoo.co.uk", "yahoo.com",
    "yahoo.com.br", "yahoo.de", "yahoo.es", "yahoo.fr", "yahoo.it", "yandex.com", "yandex.ru", "ymail.com",
    "zoho.com",
)  # fmt: skip

#: Legal forms at the end of a name after normalising; the first of each row stands for it.
LEGAL_FORMS: tuple[tuple[str, ...], ...] = (
    ("inc", "incorporated", "incorporate", "incorporat", "incorpora", "incorpor", "incorpo", "incorp"), ("corp", "corporation", "corporatio", "corporati", "corporat", "corpora", "corpor"), ("llc", "l l c", "lc", "limited liability company"),
    ("llp", "l l p", "limited liability partnership"), ("lp", "l p", "limited partnership"),
    ("ltd", "limited", "ltda", "limitada"), ("plc", "p l c", "public limited company"), ("co", "company"),
    ("gmbh", "g m b h", "mbh", "gesellschaft mit beschrankter haftung"), ("ag", "a g", "aktiengesellschaft"),
    ("kg", "gmbh and co kg", "gmbh co kg", "gmbh u co kg", "gmbh und co kg", "and co kg", "u co kg", "und co kg", "co kg"), ("ohg",),
    ("ug", "ug haftungsbeschrankt", "haftungsbeschrankt", "unternehmergesellschaft"), ("sa", "s a", "sociedad anonima", "societe anonyme"),
    ("sas",), ("sarl", "s a r l"), ("srl", "s r l"), ("spa", "s p a", "societa per azioni"), ("sl", "s l", "slu", "s l u", "sociedad limitada"),
    ("bv", "b v", "besloten vennootschap"), ("nv", "n v", "naamloze vennootschap"), ("ab", "aktiebolag"), ("as",), ("aps",),
    ("oy", "oyj"), ("kk", "k k", "kabushiki kaisha"),
    ("pty", "pty ltd", "pty limited", "proprietary limited", "proprietary ltd", "p l", "pty td"), ("pte", "pte ltd"),
    ("dac", "designated activity company"), ("sp z oo", "spolka z oo", "spolka z ograniczona odpowiedzialnoscia", "sp zoo"),
    ("eood",), ("sro", "spol s r o"), ("co ltd", "company limited"),
)  # fmt: skip

#: What bookkeeping writes behind a name, after normalising: it is no part of it.
REMARKS: tuple[str, ...] = (
    "old", "x", "xx", "xxx", "do not use", "donotuse", "duplicate", "dup", "inactive", "closed", "group", "grp",
    "gruppe", "groupe",
)  # fmt: skip

#: Words that tell a subsidiary from its parent, after normalising and beside the names of countries.
KIN: tuple[str, ...] = (
    "services", "holdings", "capital", "real estate", "leasing", "digital", "international", "global", "worldwide", "logistics",
    "ventures", "properties", "financial", "finance", "insurance", "investments", "investment", "foundation", "academy",
    "retail", "wholesale", "distribution", "manufacturing", "research", "labs", "laboratories", "technologies", "systems",
    "solutions", "europe", "european", "america", "americas", "asia", "pacific", "africa", "emea", "apac", "latam", "usa",
    "us", "uk", "eu", "north", "south", "east", "west", "central", "branch", "subsidiary", "trust", "fund",
)  # fmt: skip

#: Words that are written short in names of companies, after normalising.
ABBREVIATIONS: dict[str, str] = {
    "svc": "services", "svcs": "services", "service": "services", "serv": "services", "mfg": "manufacturing",
    "manuf": "manufacturing", "tech": "technologies", "technology": "technologies", "techs": "technologies",
    "assoc": "associates", "assocs": "associates", "sys": "systems", "system": "systems", "log": "logistics",
    "hldgs": "holdings", "hldg": "holdings", "holding": "holdings", "intl": "international", "int": "international",
    "mgmt": "management", "mgt": "management", "eng": "engineering", "engr": "engineering", "med": "medical",
    "dist": "distribution", "distr": "distribution", "grp": "group", "ind": "industries", "inds": "industries",
    "industry": "industries", "constr": "construction", "const": "construction", "bros": "brothers", "natl": "national",
    "dept": "department", "ctr": "center", "centre": "center", "cntr": "center", "equip": "equipment", "elec": "electric",
    "fin": "financial", "inst": "institute", "labs": "laboratories", "lab": "laboratories", "pharm": "pharma",
    "prop": "properties", "props": "properties", "property": "properties", "sol": "solutions", "solns": "solutions",
    "solution": "solutions", "trans": "transport", "univ": "university", "whsl": "wholesale", "st": "saint",
    "partner": "partners", "product": "products", "prods": "products", "network": "networks", "adv": "advisors",
    "comm": "communications", "comms": "communications", "consult": "consulting", "ent": "enterprises",
    "enterprise": "enterprises", "mktg": "marketing", "dev": "development", "govt": "government", "ins": "insurance",
}  # fmt: skip

#: Ways to write a country, after normalising.
COUNTRIES: dict[str, tuple[str, ...]] = {
    "US": ("usa", "united states", "united states of america", "america"),
    "GB": ("united kingdom", "great britain", "england", "scotland", "wales", "gbr"),
    "DE": ("germany", "deutschland", "deu"), "FR": ("france", "fra"), "ES": ("spain", "espana", "esp"),
    "IT": ("italy", "italia", "ita"), "NL": ("netherlands", "the netherlands", "nederland", "holland", "nld"),
    "PL": ("poland", "polska", "pol"), "SE": ("sweden", "sverige", "swe"), "IE": ("ireland", "irl"),
    "CA": ("canada", "can"), "AU": ("australia", "aus"), "BR": ("brazil", "brasil", "bra"), "JP": ("japan", "jpn"),
    "CN": ("china", "chn"), "IN": ("india", "ind"), "MX": ("mexico", "mex"), "CH": ("switzerland", "schweiz", "suisse"),
    "AT": ("austria", "osterreich", "aut"), "BE": ("belgium", "belgie", "belgique"), "DK": ("denmark", "danmark"),
    "NO": ("norway", "norge"), "FI": ("finland", "suomi"), "PT": ("portugal", "prt"),
}  # fmt: skip

#: First names and what they are called, the long form first.
NICKNAMES: tuple[tuple[str, ...], ...] = (
    ("alexander", "alex", "sandy"), ("andrew", "andy", "drew"), ("anthony", "tony"), ("barbara", "barb", "babs"),
    ("benjamin", "ben", "benny"), ("catherine", "cathy", "kate", "cate"), ("katherine", "kathy", "katie", "kate"),
    ("charles", "charlie", "chuck"), ("christopher", "chris", "kit"), ("christina", "tina", "chrissy"),
    ("daniel", "dan", "danny"), ("david", "dave"), ("deborah", "deb", "debbie"), ("donald", "don", "donny"),
    ("dorothy", "dot", "dottie"), ("edward", "ed", "eddie", "ted", "ned"), ("elizabeth", "liz", "beth", "betty", "lisa", "eliza"),
    ("francis", "frank"), ("frederick", "fred", "freddy"), ("gerald", "gerry", "jerry"), ("gregory", "greg"),
    ("henry", "hank", "harry"), ("jacob", "jake"), ("james", "jim", "jimmy", "jamie"), ("jeffrey", "jeff"),
    ("jennifer", "jen", "jenny"), ("jessica", "jess", "jessie"), ("john", "jack", "johnny"), ("jonathan", "jon"),
    ("joseph", "joe", "joey"), ("joshua", "josh"), ("kenneth", "ken", "kenny"), ("kimberly", "kim"), ("lawrence", "larry"),
    ("margaret", "maggie", "meg", "peggy"), ("matthew", "matt"), ("michael", "mike", "mick", "mikey"), ("nancy", "nan"),
    ("nathaniel", "nate"), ("nicholas", "nick", "nico"), ("pamela", "pam"), ("patricia", "pat", "patty", "trish"),
    ("patrick", "paddy"), ("peter", "pete"), ("philip", "phil"), ("rebecca", "becky", "becca"), ("raymond", "ray"),
    ("richard", "rick", "dick", "rich", "richie"), ("robert", "bob", "bobby", "rob", "robbie"), ("ronald", "ron", "ronnie"),
    ("russell", "russ"), ("samuel", "sam", "sammy"), ("samantha", "sam"), ("sandra", "sandy"), ("stephanie", "steph"),
    ("stephen", "steve", "steven"), ("susan", "sue", "susie"), ("theodore", "ted", "teddy"), ("thomas", "tom", "tommy"),
    ("timothy", "tim"), ("victoria", "vicky", "tori"), ("vincent", "vince"), ("walter", "walt"), ("william", "bill", "will", "billy", "willy"),
    ("zachary", "zach"), ("johannes", "hans"), ("friedrich", "fritz"), ("jose", "pepe"), ("francisco", "paco"),
    ("giovanni", "gianni"), ("giuseppe", "beppe"), ("wolfgang", "wolf"), ("maximilian", "max"), ("sebastian", "seb", "basti"),
)  # fmt: skip
