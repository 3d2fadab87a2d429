-- How a value becomes comparable. Temporary macros: they live as long as the connection that normalises.
-- Few values have a letter that is no plain one with an accent, and most are only words: what is slow is for the rest.
create or replace temp macro cl_letters(x) as case when regexp_matches(x, '[&+ßæœłøđıðþ.''`’]') then
    translate(replace(replace(replace(replace(replace(x, '&', ' and '), '+', ' and '), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'łøđıðþ.''`’', 'lodidt')
    else x end;
create or replace temp macro cl_words(x) as case when regexp_full_match(x, '[a-z0-9]+( [a-z0-9]+)*') then x
    else nullif(trim(regexp_replace(x, '[^a-z0-9\x{80}-\x{10FFFF}]+', ' ', 'g')), '') end;
create or replace temp macro cl_plain(x) as cl_words(cl_letters(lower(strip_accents(x))));

-- Without an order number in front, a currency or a branch's city behind: what bookkeeping adds to a name.
-- (also a remark in brackets)
create or replace temp macro cl_unlabelled(x) as
    regexp_replace(regexp_replace(x, '^[A-Z]{0,2}[0-9]{3,}\s+-\s+', ''), '(\s+-\s+([A-Z]{3}|[^-0-9]{3,20})|\s*\([^)0-9]{3,}\)*|[\s*]+)\s*$', '');

-- Both names of "A d/b/a B" or "A / B": the legal one and the one on the door.
create or replace temp macro cl_first_name(x) as regexp_replace(regexp_replace(x,
    '(?i)\s+(dba|d/b/a|d\.b\.a\.?|t/a|s/a|o/a|a/k/a|aka|f/k/a|fka|trading as|doing business as)\s+.*$', ''),
    '^([^/]{3,}[^/\s])\s*/\s*[^/]{4,}$', '\1');
create or replace temp macro cl_other_name(x) as coalesce(
    nullif(regexp_extract(x, '(?i)\s+(?:dba|d/b/a|d\.b\.a\.?|t/a|s/a|o/a|a/k/a|aka|f/k/a|fka|trading as|doing business as)\s+(.*)$', 1), ''),
    nullif(regexp_extract(x, '^[^/]{4,}/\s*([^/]{4,})$', 1), ''));

create or replace temp macro cl_formless(x) as
    coalesce(nullif(regexp_replace(x, '(?: (?:{forms}|{remarks}))+$', ''), ''), x);
create or replace temp macro cl_form(x) as nullif(regexp_extract(x, ' ({forms})(?: (?:{remarks}))*$', 1), '');
-- Of a plain name without its legal form.
create or replace temp macro cl_core(formless) as coalesce(
    nullif(trim(regexp_replace(regexp_replace(formless, '(?:^| )[0-9]{2,}$', ''), '^the ', '')), ''), formless);
create or replace temp macro cl_number(formless) as nullif(ltrim(regexp_extract(formless, '(?:^| )([0-9]{2,})$', 1), '0'), '');

-- What tells a subsidiary from its parent, of a name with its words written long.
create or replace temp macro cl_kin(long) as nullif(array_to_string(
    list_sort(regexp_extract_all(long, '\b({kin})\b')), ' '), '');

-- One word, umlauts as they are written without them: "Möller & Co" and "Moeller and Co" are one.
create or replace temp macro cl_squashed(core) as nullif(
    replace(replace(replace(replace(regexp_replace(core, '(^| )and( |$)', ' ', 'g'), ' ', ''), 'oe', 'o'), 'ae', 'a'), 'ue', 'u'), '');
create or replace temp macro cl_initials(core) as
    case when contains(core, ' ') then list_aggregate(list_transform(
        list_filter(string_split(core, ' '), lambda word: word not in ('and', 'of')), lambda word: left(word, 1)), 'string_agg', '') end;

-- The last eight digits, without an extension: what is the same with and without a country code or a leading zero.
create or replace temp macro cl_phone(x) as case
    when length(regexp_replace(regexp_replace(x, '(?i)\s*(ext\.?|x|#|extension)\s*[0-9]+\s*$', ''), '[^0-9]', '', 'g')) between 8 and 15
    and length(replace(regexp_replace(x, '[^0-9]', '', 'g'), right(regexp_replace(x, '[^0-9]', '', 'g'), 1), '')) >= 3
    then right(regexp_replace(regexp_replace(x, '(?i)\s*(ext\.?|x|#|extension)\s*[0-9]+\s*$', ''), '[^0-9]', '', 'g'), 8) end;

-- Without suite and kind of street; the words are doubled-spaced because RE2 does not look ahead.
create or replace temp macro cl_street(plain) as nullif(trim(regexp_replace(regexp_replace(regexp_replace(
    ' ' || replace(regexp_replace(plain,
        ' (suite|ste|unit|fl|floor|apt|apartment|room|rm|no|etage|stock|level|lvl|bldg|building) ?[0-9a-z]+$', ''), ' ', '  ') || ' ',
    ' (street|st|road|rd|avenue|ave|av|boulevard|blvd|bd|drive|dr|lane|ln|court|ct|parkway|pkwy|way|wy|place|pl|square|sq|highway|hwy|circle|cir|terrace|rue|via|calle|c|de|la|del|des|ul|ulica|viale|corso) ', '', 'g'),
    'str(asse)?\b', ''), ' +', ' ', 'g')), '');
create or replace temp macro cl_house(street) as nullif(ltrim(regexp_extract(street, '([0-9]+)', 1), '0'), '');
create or replace temp macro cl_way(street) as nullif(regexp_replace(street, '[0-9 ]+', '', 'g'), '');
create or replace temp macro cl_postal(x) as nullif(left(regexp_replace(upper(x), '[^A-Z0-9]', '', 'g'), 5), '');

create or replace temp macro cl_tax(x) as case
    when length(regexp_replace(x, '[^0-9]', '', 'g')) >= 7
    and length(replace(regexp_replace(x, '[^0-9]', '', 'g'), right(regexp_replace(x, '[^0-9]', '', 'g'), 1), '')) >= 2
    then regexp_replace(regexp_replace(upper(x), '[^A-Z0-9]', '', 'g'), '^[A-Z]{2}', '') end;

create or replace temp macro cl_email(x) as case
    when regexp_matches(rtrim(lower(trim(x)), '.'), '^[^@\s,;<>"()]+@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$')
    then regexp_replace(rtrim(lower(trim(x)), '.'), '\+[^@]*@', '@') end;
create or replace temp macro cl_host(x) as nullif(regexp_extract(lower(trim(x)), '^(?:[a-z]+://)?(?:[^/@]*@)?([^/:?#@\s]+\.[a-z]{2,})', 1), '');
