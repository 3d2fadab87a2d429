"""One golden case for each behaviour of the tap, through its command line."""

import io

import pytest
from openpyxl import Workbook

HEAD = "Email,Name\n"


def emails(run):
    return [one["email"] for one in run.people]


def workbook(*rows, hidden=()):
    book = Workbook()
    book.active.title = "Leads"
    for row in rows:
        book.active.append(row)
    for name in hidden:
        book.create_sheet(name, 0).sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_scan_has_attended_and_the_file_is_the_event(tap, put):
    put(
        "Rotterdam 2026.csv",
        'Preamble\n\nE-Mail;Vor- und Nachname;Firma;Scanzeit;Notiz\na@x.com;Ada Lovelace;Engines;13.04.2026 10:15;"two\nlines"\n',
    )

    run = tap(time_zone="Europe/Amsterdam")

    (one,) = run.people
    assert run.code == 0
    assert (one["event"], one["campaign"], one["status"]) == ("Rotterdam 2026", None, "attended")
    assert (one["first_name"], one["last_name"], one["company"]) == ("Ada", "Lovelace", "Engines")
    assert (one["occurred_at"], one["occurred_on"], one["line"]) == ("2026-04-13T08:15:00Z", "2026-04-13", 4)
    assert one["extra"] == {"Notiz": "two\nlines"}


def test_an_unchanged_folder_is_read_once(tap, put):
    put("a.csv", HEAD + "a@x.com,Ada\n")
    first = tap(lag_seconds=0)

    again = tap(state=first.state, lag_seconds=0)

    assert (emails(first), emails(again), again.records("files")) == (["a@x.com"], [], [])
    assert again.of("PROOF", "attendees")[0]["source_count"] == 1
    assert again.of("PROOF", "files")[0]["source_count"] == 1


def test_a_corrected_file_is_a_newer_version_of_its_rows_with_the_same_keys(tap, put):
    put("a.csv", HEAD + "a@x.com,Ada\nb@x.com,Bob\n,\nc@x.com,Cleo\n")
    first = tap()
    put("a.csv", HEAD + "c@x.com,Cleo Smith\na@x.com,Ada\n")

    second = tap(state=first.state)

    keys = {one["email"]: one["id"] for one in first.people}
    assert {one["email"]: one["id"] for one in second.people} == {
        mail: keys[mail] for mail in ("a@x.com", "c@x.com")
    }
    assert {one["read_at"] for one in second.people} == {second.records("files")[0]["read_at"]}
    assert second.records("files")[0]["read_at"] > first.records("files")[0]["read_at"]
    assert second.of("PROOF", "attendees")[0]["source_count"] is None  # what is gone is held still


def test_other_settings_read_every_file_anew(tap, put):
    put("a.csv", HEAD + "a@x.com,Ada\n")
    first = tap()

    second = tap(state=first.state, status="registered")

    assert [one["status"] for one in second.people] == ["registered"]


def test_the_same_list_under_another_name_is_read_once_and_other_events_are_not_the_same(tap, put):
    put("show.csv", HEAD + "a@x.com,Ada\n")
    first = tap(event="E-1")
    put("show (1).csv", HEAD + "a@x.com,Ada\n")

    again, other = tap(event="E-1", state=first.state), tap(state=tap().state)

    assert (emails(again), again.records("files")[0]["twin"]) == ([], "show.csv")
    assert [one["event"] for one in tap().people] == ["show (1)", "show"]
    assert emails(other) == []


def test_a_refused_row_that_was_mended_is_taken_out_of_the_quarantine(tap, put):
    put("a.csv", "Email,Name,Date\na@x.com,Ada,soon\nb@x.com,Bob,2026-01-02\n,,\n")
    first = tap()
    put("a.csv", "Email,Name,Date\na@x.com,Ada,2026-01-01\nb@x.com,Bob,2026-01-02\n")

    second = tap(state=first.state)

    assert first.refused == {("attendees", "a.csv#2"): "line 2: the date cannot be read"}
    assert first.of("QUARANTINE")[0]["record"]["cells"] == ["a@x.com", "Ada", "soon"]
    assert (second.gone, second.refused) == (["a.csv#2"], {})


def test_a_file_that_is_still_being_copied_waits(tap, put, clock):
    put("whole.csv", HEAD + "a@x.com,Ada\n")
    put("late.csv", HEAD + "b@x.com,Bob\n", age=-3598)  # two seconds before the run, which begins an hour on
    put("copy.csv.part", HEAD + "c@x.com,Cleo\n")

    run = tap()
    later = tap(state=run.state)

    assert (emails(run), emails(later)) == (["a@x.com"], ["b@x.com"])


def test_a_file_that_changes_while_it_is_read_is_read_anew(tap, put, monkeypatch):
    put("a.csv", HEAD + "a@x.com,Ada\n")
    with monkeypatch.context() as patch:
        patch.setattr("tap_leadlist.folder.Found.is_as_found", lambda _self: False)
        torn = tap()

    again = tap(state=torn.state)

    assert (emails(again), torn.records("files")) == (["a@x.com"], [])


def test_a_missing_folder_stops_the_run_and_a_file_that_went_away_takes_nobody_with_it(tap, put, folder):
    put("a.csv", HEAD + "a@x.com,Ada\n")
    first = tap()
    (folder / "a.csv").unlink()
    emptied = tap(state=first.state)
    folder.rmdir()

    gone = tap(state=first.state)

    assert (emptied.code, emptied.of("PROOF", "files")[0]["source_count"]) == (0, 1)
    assert (gone.code, "there is no folder" in gone.stopped["message"]) == (2, True)


@pytest.mark.parametrize(
    ("minutes", "status"),
    [("65", "attended"), ("1:05:00", "attended"), ("0", "no_show"), ("", "no_show"), ("3 min", "attended")],
)
def test_who_watched_a_webinar_for_a_minute_attended_and_the_others_did_not(tap, put, minutes, status):
    put("w.csv", f"Email,Registration Status,Time in Session (minutes)\na@x.com,Registered,{minutes}\n")

    assert [one["status"] for one in tap().people] == [status]


def test_a_status_that_nobody_explained_is_refused_until_somebody_does(tap, put):
    put("s.csv", "Email,Status\na@x.com,VIP\nb@x.com,Yes\nc@x.com,\n")

    silent, said = tap(), tap(statuses={"VIP": "attended"})

    assert [one["status"] for one in silent.people] == ["attended", "registered"]
    assert "say in `statuses`" in silent.refused["attendees", "s.csv#2"]
    assert [one["status"] for one in said.people] == ["attended", "attended", "registered"]


def test_days_with_two_readings_are_refused_until_somebody_says_how(tap, put):
    put("d.csv", "Email,Date\na@x.com,03/04/2026\n")

    silent = tap()

    assert (silent.people, "day first or" in silent.refused["files", "d.csv"]) == ([], True)
    assert [one["occurred_on"] for one in tap(dates="day_first").people] == ["2026-04-03"]
    assert [one["occurred_on"] for one in tap(dates="month_first").people] == ["2026-03-04"]


def test_one_file_may_be_of_several_events(tap, put):
    put("all.csv", "Email,Event\na@x.com,Rotterdam\nb@x.com,Lyon\nc@x.com,\n")

    run = tap(campaigns={"Rotterdam": "E-17", "ly*": "701x"})

    assert [(one["event"], one["campaign"]) for one in run.people] == [
        ("Rotterdam", "E-17"),
        ("Lyon", "701x"),
        ("all", None),
    ]


def test_the_name_of_a_file_tells_the_campaign(tap, put):
    put("2026-04_E-17_scans.csv", HEAD + "a@x.com,Ada\n")

    (one,) = tap(event_pattern=r"_(E-\d+)_").people

    assert (one["event"], one["campaign"]) == ("E-17", "E-17")


def test_columns_that_the_admin_named_are_taken_and_no_others(tap, put):
    put("a.csv", "Contact,Note,Mail 2,Email\nAda,x,a@x.com,b@x.com\n")
    put("b.csv", "Who;E-Mail\nBob;c@x.com\n")

    run = tap(columns={"name": ["Contact", "Who"], "email": ["Mail 2", "E-Mail"]})

    assert [(one["name"], one["email"]) for one in run.people] == [("Ada", "a@x.com"), ("Bob", "c@x.com")]
    assert run.people[0]["extra"] == {"Note": "x", "Email": "b@x.com"}


def test_two_columns_that_may_be_the_same_are_asked_about(tap, put):
    put("a.csv", "Email,Name,Email\na@x.com,Ada,b@x.com\n")

    run = tap()

    assert "`Email`, `Email (2)` may each be the email" in run.refused["files", "a.csv"]
    assert [one["email"] for one in tap(columns={"email": "email (2)"}).people] == ["b@x.com"]


def test_headings_over_two_rows_and_over_several_columns(tap, put):
    put(
        "two.csv",
        "Guest,,Visit,\nName,Email,Scan,Company\n,,Time,Name\nAda,a@x.com,2026-01-02 10:00,Engines\n",
    )
    put("span.csv", "Guest,,Host,\nName,Email,Name,Email\nAda,a@x.com,Bob,b@x.com\n")

    run = tap()

    spanned, two = run.people
    assert (two["company"], two["occurred_at"], two["name"]) == ("Engines", "2026-01-02T10:00:00Z", "Ada")
    assert (spanned["email"], spanned["extra"]) == ("a@x.com", {"Host Name": "Bob", "Host Email": "b@x.com"})


def test_a_workbook_gives_saved_values_and_no_formulas(tap, put):
    rows = workbook(
        ["Email", "Phone", "Scan Time", "Note"],
        ["a@x.com", 49301234567, None, "=1+1"],
        ["=A2", 1, None, ""],
        hidden=["Old"],
    )
    put("b.xlsx", rows)

    run = tap()

    (one,) = run.people
    assert (one["email"], one["phone"], one["extra"]) == ("a@x.com", "49301234567", {})
    assert "the formula in `Email` has no saved value" in run.refused["attendees", "b.xlsx#3"]


def test_a_cell_that_begins_with_an_equals_sign_is_text(tap, put):
    put("a.csv", 'Email,Name,Note\na@x.com,"=HYPERLINK(""http://x"",""Ada"")",=1+1\n')

    (one,) = tap().people

    assert (one["name"], one["extra"]) == ('=HYPERLINK("http://x","Ada")', {"Note": "=1+1"})


def test_a_quotation_mark_that_is_never_closed_swallows_nobody(tap, put):
    put("q.csv", 'Email,Name\na@x.com,"Ada\nb@x.com,Bob\nc@x.com,Cleo\n')

    run = tap()

    assert emails(run) == ["a@x.com", "b@x.com", "c@x.com"]
    assert "never closed" in run.records("files")[0]["guesses"]


def test_telephone_numbers_get_their_country(tap, put):
    put("p.csv", "Email,Phone\na@x.com,030 1234567\nb@x.com,+1 312 555 0100\nc@x.com,ext\n")

    assert [one["phone"] for one in tap(phone_country="DE").people] == [
        "+49301234567",
        "+1 312 555 0100",
        "ext",
    ]


def test_check_shows_each_guess_and_the_lines_that_confirm_it(tap, put):
    put("a.csv", "E-Mail;Full Name;Date\na@x.com;Müller;13/01/2026\n".encode("cp1252"))
    put("b.csv", b"\x89PNG\r\n\x00")

    run, said = tap("--check"), tap("--check", columns={"email": "E-Mail"})

    lines = {line["name"]: line for line in run.lines}
    assert run.code == 0
    assert (
        lines["file:a.csv"]["message"]
        == "a.csv: 1 rows of a; guessed: encoding cp1252; guessed: dates day first"
    )
    assert lines["columns:a.csv"]["fix"].endswith(
        'settings: columns: {email: "E-Mail", name: "Full Name", date: "Date"}'
    )
    assert lines["file:b.csv"]["message"] == "this is a picture, no list"
    assert "columns:a.csv" not in {line["name"] for line in said.lines}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"columns": {"mail": "x"}}, "there is no mail"),
        ({"statuses": {"x": "came"}}, "came is no status"),
        ({"time_zone": "Mars"}, "Mars is no time zone"),
        ({"event_pattern": "("}, "event_pattern"),
        ({"file": "x"}, "unknown setting: file"),
    ],
)  # fmt: skip
def test_a_setting_that_makes_no_sense_is_named(tap, settings, says):
    run = tap(**settings)

    assert (run.code, says in run.stopped["message"]) == (2, True)
