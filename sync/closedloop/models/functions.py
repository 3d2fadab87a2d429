"""Our own SQL functions, written once and put in place before a statement runs.

They are plain expressions, not macros of one engine: the expansion is a tree of standard SQL that sqlglot can write
in any dialect. Arguments may appear more than once in a body, so they must not have side effects (SQL has none here).
"""

from __future__ import annotations

from functools import cache

from sqlglot import exp, parse_one

from closedloop.models.currencies import CURRENCIES

#: Legal forms at the end of a company's name, as they are after `normal_name`; the first of each row stands for it.
LEGAL_FORMS: tuple[tuple[str, ...], ...] = (
    ("inc", "incorporated"),
    ("corp", "corporation"),
    ("llc",),
    ("llp",),
    ("lp",),
    ("ltd", "limited"),
    ("plc",),
    ("co", "company"),
    ("gmbh",),
    ("ag",),
    ("kg",),
    ("ohg",),
    ("ug",),
    ("sa",),
    ("sas",),
    ("sarl",),
    ("srl",),
    ("spa",),
    ("sl",),
    ("bv",),
    ("nv",),
    ("ab",),
    ("as",),
    ("aps",),
    ("oy", "oyj"),
    ("kk",),
    ("pty",),
    ("pte",),
)

#: A rate as a whole number, and one in the same unit: rates have at most twelve decimals, nearly all of them six.
_IS_SHORT = "rate < 900 and cast(rate as decimal(24, 6)) = rate"
_EXACT = (
    f"case when {_IS_SHORT} then cast(cast(rate as decimal(24, 6)) * cast(1000000 as decimal(7, 0)) as hugeint)"
    " else cast(cast(rate as decimal(24, 12)) * cast(1000000000000 as decimal(13, 0)) as hugeint) end"
)
_ONE = f"case when {_IS_SHORT} then cast(1000000 as hugeint) else cast(1000000000000 as hugeint) end"
_FORMS = "|".join(form for row in LEGAL_FORMS for form in row)


def _small(name: str) -> str:
    """Return the condition that a number times another such, or times a currency's scale, stays within 64 bits."""
    return f"{name} between -900000000 and 900000000"


#: Name → (parameters, body). A body may use other functions of ours.
FUNCTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    # x · n / m, rounded half away from zero, in integers throughout: `/` would give a float. No m: no value.
    # Engines take twenty times as long over 128 bits: only what is large goes there.
    "mul_div": (
        ("x", "n", "m"),
        (
            f"case when {_small('x')} and {_small('n')} and {_small('m')}"
            " then sign(x) * sign(n) * ((2 * abs(cast(x as bigint)) * abs(cast(n as bigint)) + cast(m as bigint))"
            " // nullif(2 * cast(m as bigint), 0)) else wide_mul_div(x, n, m) end"
        ),
    ),
    # The same where one of them is always large.
    "wide_mul_div": (
        ("x", "n", "m"),
        (
            "cast(sign(x) * sign(n) * ((2 * abs(cast(x as hugeint)) * abs(cast(n as hugeint)) + m)"
            " // nullif(2 * cast(m as hugeint), 0)) as bigint)"
        ),
    ),
    # The whole units of |x| · weight / total, and what is left over, in parts of `total`: |x| is divided first, so that
    # nothing but the remainder is multiplied; it needs the wide integers, which are slow, only above three billion.
    "share_whole": (
        ("x", "weight", "total"),
        (
            "abs(x) // total * weight + case when total <= 3000000000 then abs(x) % total * weight // total"
            " else cast(cast(abs(x) % total as hugeint) * weight // total as bigint) end"
        ),
    ),
    "share_rest": (
        ("x", "weight", "total"),
        (
            "case when total <= 3000000000 then abs(x) % total * weight % total"
            " else cast(cast(abs(x) % total as hugeint) * weight % total as bigint) end"
        ),
    ),
    # A whole number of minor units from an amount in major units; `scale` is 10 to the power of the currency's digits.
    "to_minor": (
        ("amount", "scale"),
        (
            f"case when {_small('amount')}"
            " then cast(round(cast(amount as decimal(18, 6)) * cast(scale as decimal(6, 0)), 0) as bigint)"
            " else cast(round(cast(amount as decimal(24, 6)) * cast(scale as decimal(6, 0)), 0) as bigint) end"
        ),
    ),
    # A ratio with six decimals from two integers, rounded half away from zero.
    "ratio": (
        ("x", "y"),
        "cast(cast(mul_div(x, 1000000, y) as decimal(18, 0)) * cast(0.000001 as decimal(7, 6)) as decimal(18, 6))",
    ),
    # The two directions in which ledgers print a rate, and the only place that knows them: home = x · up / down.
    # QuickBooks prints home units for one foreign unit, which multiplies; Xero and Odoo foreign units for one home
    # unit, which divides. Another word, or a rate that is not above zero, gives no value.
    "rate_up": (
        ("rate", "direction"),
        f"case when rate > 0 then case direction when 'multiply' then {_EXACT} when 'divide' then {_ONE} end end",
    ),
    "rate_down": (
        ("rate", "direction"),
        f"case when rate > 0 then case direction when 'multiply' then {_ONE} when 'divide' then {_EXACT} end end",
    ),
    # Minor units in the home currency of an amount in minor units, rounded once; scales as for `to_minor`.
    "to_home": (
        ("minor", "rate", "direction", "scale", "home_scale"),
        "mul_div(minor, rate_up(rate, direction) * home_scale, rate_down(rate, direction) * scale)",
    ),
    # The same in major units, for staging, which does not know the currencies' digits: the home currency's code gives them.
    # What is in the home currency, or in none that is stated, stays as it is: it needs no rate.
    "home_amount": (
        ("amount", "currency", "rate", "direction", "home"),
        (
            "case when coalesce(currency, home) = home then cast(amount as decimal(24, 6)) else"
            " cast(cast(to_home(cast(amount as decimal(24, 6)) * 1000000, rate, direction, 1000000, currency_scale(home))"
            " as decimal(18, 0)) * case currency_scale(home) when 1 then 1.000 when 1000 then 0.001 else 0.010 end"
            " as decimal(24, 6)) end"
        ),
    ),
    "currency_scale": (
        ("code",),
        "case "
        + " ".join(
            f"when code in ({', '.join(repr(code) for code, of in CURRENCIES.items() if of == digits)})"
            f" then {10**digits}"
            for digits in (0, 3)
        )
        + " else 100 end",
    ),
    # The first day of a day's month; not date_trunc, which gives a time in some dialects.
    "month_of": (("x",), "x - (cast(extract(day from x) as integer) - 1)"),
    # How a message calls a document: what a person sees on it, then its key.
    "document_name": (
        ("kind", "number", "key"),
        "replace(coalesce(kind, 'document'), '_', ' ') || ' ' || coalesce(number, 'without a number') || ' (' || key || ')'",
    ),
    "blank_to_null": (("x",), "nullif(trim(x), '')"),
    # Lower case, no accents, letters and digits only, one blank between words; dots and apostrophes join.
    "normal_name": (
        ("x",),
        (
            # What is words and blanks already, nearly every name, need not be rewritten.
            r"case when regexp_matches(x, '^[A-Za-z0-9]+( [A-Za-z0-9]+)*$') then lower(x)"
            r" else nullif(trim(regexp_replace(regexp_replace(replace(lower(strip_accents(x)), '&', ' and '),"
            r" '[.''`\x{2019}]', '', 'g'), '[^\p{L}\p{N}]+', ' ', 'g')), '') end"
        ),
    ),
    # A company's name without its legal form, unless nothing would be left.
    "company_name": (
        ("x",),
        f"coalesce(nullif(regexp_replace(normal_name(x), '( (?:{_FORMS}))+$', ''), ''), normal_name(x))",
    ),
    # The last legal form of a company's name, in its short spelling; no value without one.
    "legal_form": (
        ("x",),
        "case regexp_extract(normal_name(x), ' ("
        + _FORMS
        + ")$', 1) when '' then null "
        + " ".join(f"when '{form}' then '{row[0]}'" for row in LEGAL_FORMS for form in row)
        + " end",
    ),
    "normal_email": (("x",), "nullif(lower(trim(x)), '')"),
    "is_email": (
        ("x",),
        (
            r"coalesce(regexp_matches(x, '^[^@\s,;<>\"()]+@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$')"
            r" and not contains(x, '..') and not contains(x, '.@') and left(x, 1) <> '.', false)"
        ),
    ),
    "is_phone": (
        ("x",),
        (
            r"coalesce(regexp_matches(x, '^[+0-9 ()./-]+(x[0-9]+)?$')"
            r" and length(regexp_replace(x, '[^0-9]', '', 'g')) between 7 and 15, false)"
        ),
    ),
    # What somebody can register: the last two labels, or three where the second level belongs to the country.
    "registrable": (
        ("x",),
        (
            r"case when regexp_matches(x, '^[^.]+\.[a-z][^.]+$') then x else nullif(regexp_extract(x,"
            r" '([^.]+\.(?:co|com|org|net|gov|ac|edu|or|ne|go|gob|ltd|plc)\.[a-z]{2}|[^.]+\.[a-z][^.]+)$', 1), '') end"
        ),
    ),
    "email_domain": (("x",), "case when is_email(x) then registrable(split_part(x, '@', 2)) end"),
    "web_domain": (
        ("x",),
        r"registrable(regexp_extract(lower(trim(x)), '^(?:[a-z]+://)?([^/:?#@]+)', 1))",
    ),
    # Letters and digits of a tax id; too short or one digit repeated is a placeholder.
    "normal_tax_id": (
        ("x",),
        (
            r"case when length(regexp_replace(x, '[^A-Za-z0-9]', '', 'g')) >= 7"
            r" and length(regexp_replace(x, '[^0-9]', '', 'g')) >= 5"
            r" and length(replace(regexp_replace(x, '[^0-9]', '', 'g'), right(regexp_replace(x, '[^0-9]', '', 'g'), 1), '')) >= 2"
            r" then upper(regexp_replace(x, '[^A-Za-z0-9]', '', 'g')) end"
        ),
    ),
}


def expand(tree: exp.Expr) -> exp.Expr:
    """Replace every call of one of our functions in ``tree`` by its body, and return it.

    Raises:
        ValueError: A call has the wrong number of arguments.
    """

    def replace(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Anonymous) or node.name.lower() not in FUNCTIONS:
            return node
        return expand(_filled(node.name.lower(), node.expressions))

    expanded: exp.Expr = tree.transform(replace, copy=False)
    return expanded


def _filled(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    parameters, body = _body(name)
    if len(parameters) != len(arguments):
        message = f"{name} takes {len(parameters)} arguments, not {len(arguments)}"
        raise ValueError(message)
    values = dict(zip(parameters, arguments, strict=True))

    def fill(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and not node.table and node.name in values:
            return (
                exp.paren(values[node.name].copy())
                if not _simple(values[node.name])
                else values[node.name].copy()
            )
        return node

    filled: exp.Expr = body.copy().transform(fill, copy=False)
    return exp.paren(filled)


def _simple(node: exp.Expr) -> bool:
    return isinstance(node, (exp.Column, exp.Literal, exp.Func, exp.Paren))


@cache
def _body(name: str) -> tuple[tuple[str, ...], exp.Expr]:
    parameters, sql = FUNCTIONS[name]
    return parameters, expand(parse_one(sql, dialect="duckdb"))
