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
