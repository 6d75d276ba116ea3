//! Lines of `who`, with and without a zone.

use super::*;

fn at(text: &str) -> Instant {
    text.parse().expect("an instant")
}

fn read(text: &str) -> Who {
    parse(text.as_bytes(), "who.txt")
}

#[test]
fn a_time_is_read_in_the_zone_the_file_names() {
    let line = "ana      pts/0        2026-07-31 08:12 00:05        1234 (10.0.0.5)\n";
    for (header, start) in [
        ("# time-zone: Europe/Berlin\n", "2026-07-31T06:12:00Z"),
        ("# utc-offset: +05:30\n", "2026-07-31T02:42:00Z"),
        ("# time-zone: UTC\n", "2026-07-31T08:12:00Z"),
    ] {
        let found = read(&format!("{header}{line}"));
        assert!(found.problems.is_empty(), "{:?}", found.problems);
        assert_eq!(found.sessions[0].since, Some(Moment::within(at(start), 60)));
        assert_eq!((found.sessions[0].account.as_str(), found.sessions[0].terminal.as_str()), ("ana", "pts/0"));
        assert_eq!(found.sessions[0].origin.as_deref(), Some("10.0.0.5"));
    }
}

#[test]
fn a_time_without_a_zone_is_refused_and_the_session_is_still_seen() {
    for text in [
        "ana pts/0 2026-07-31 08:12 (h)\n",
        "ana pts/0 Jul 31 08:12 (h)\n",
        "# time-zone: Mars/Base\nana pts/0 2026-07-31 08:12 (h)\n",
    ] {
        let found = read(text);
        assert_eq!(found.sessions.len(), 1);
        assert_eq!(found.sessions[0].since, None, "{text}");
        assert!(!found.problems.is_empty(), "{text}");
    }
    let own = read("ana pts/0 2026-07-31T08:12:00+02:00 (h)\nben pts/1 2026-07-31 08:12 +0200 (h)\n");
    assert!(own.problems.is_empty(), "{:?}", own.problems);
    assert!(own.sessions.iter().all(|seen| seen.since == Some(Moment::within(at("2026-07-31T06:12:00Z"), 60))));
}

#[test]
fn the_hour_that_comes_twice_is_both_and_the_one_that_never_comes_is_not_known() {
    let twice = read("# time-zone: Europe/Berlin\nana pts/0 2025-10-26 02:30 (h)\n");
    assert_eq!(twice.sessions[0].since, Some(Moment::within(at("2025-10-26T00:30:00Z"), 3660)));
    let never = read("# time-zone: Europe/Berlin\nana pts/0 2026-03-29 02:30 (h)\n");
    assert_eq!(never.sessions[0].since, None);
    assert_eq!(never.problems.len(), 1, "a time that does not exist is said");
}

#[test]
fn idle_time_gives_the_last_activity_only_with_the_time_of_collection() {
    let lines = "ana pts/0 2026-07-31 08:12 00:05 12 (h)\nben pts/1 2026-07-31 08:12 . 13 (h)\nzoe pts/2 2026-07-31 08:12 old 14 (h)\n";
    let found = read(&format!("# taken-at: 2026-08-01T00:28:00Z\n# utc-offset: +00:00\n{lines}"));
    assert_eq!(found.sessions[0].active, Some(Moment::within(at("2026-08-01T00:22:00Z"), 60)));
    assert_eq!(found.sessions[1].active, Some(Moment::within(at("2026-08-01T00:27:00Z"), 60)));
    assert_eq!(found.sessions[2].active, None);
    assert!(read(&format!("# utc-offset: +00:00\n{lines}")).sessions.iter().all(|seen| seen.active.is_none()));
}

#[test]
fn other_forms_of_who_are_read() {
    let text = "# time-zone: UTC\nNAME     LINE         TIME             IDLE          PID COMMENT\n\
                ana    + pts/0        2026-07-31 08:12 10.0.0.5\nben      tty1         2026-07-31 08:12\n";
    let found = read(text);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    assert_eq!(found.sessions.len(), 2);
    assert_eq!(found.sessions[0].origin.as_deref(), Some("10.0.0.5"));
    assert_eq!(found.sessions[1].origin, None);
}

#[test]
fn a_file_that_was_cut_shows() {
    let whole =
        "# holdover-who 1\n# time-zone: UTC\nana pts/0 2026-07-31 08:12 (h)\nben pts/1 2026-07-31 08:12 (h)\n# end 2\n";
    assert!(read(whole).problems.is_empty());
    for cut in 17..whole.len() {
        assert!(!parse(&whole.as_bytes()[..cut], "who.txt").problems.is_empty(), "cut at {cut}");
    }
}

#[test]
fn a_line_that_is_not_understood_is_named() {
    let found = read("# utc-offset: +02:00\nana\nben pts/0 2026-07-31 08:12\n");
    assert_eq!(found.problems[0].0, "who.txt:2");
    assert_eq!(found.sessions.len(), 1);
}

#[test]
fn a_year_that_no_calendar_of_ours_holds_is_refused_and_the_session_is_still_seen() {
    for text in [
        "boss pts/0 +262142-12-31 23:59 +00:00 . 1 (h)\n",
        "boss pts/0 -262143-01-01 00:00 +00:00 . 1 (h)\n",
        "boss pts/0 +10000-01-01 00:00 +00:00 . 1 (h)\n",
        "boss pts/0 9999-12-31 23:59 -00:01 . 1 (h)\n",
        "# time-zone: Europe/Berlin\nboss pts/0 +262142-12-31 23:59 . 1 (h)\n",
        "boss pts/0 9999-12-31T23:59:00-01:00 . 1 (h)\n",
    ] {
        let found = read(text);
        assert_eq!(found.sessions.len(), 1, "{text}");
        assert_eq!(found.sessions[0].since, None, "{text}");
        assert!(
            matches!(&found.problems[..], [(_, Cause::Malformed { what })] if what.contains("years 0000 to 9999")),
            "{text}: {:?}",
            found.problems
        );
    }
    let twin = read("boss pts/0 9999-12-31 23:59 +00:00 . 1 (h)\n");
    assert!(twin.problems.is_empty(), "{:?}", twin.problems);
    assert_eq!(twin.sessions[0].since.map(|since| since.at), Some(at("9999-12-31T23:59:00Z")));
}

#[test]
fn a_header_that_lies_outside_the_calendar_is_named() {
    let found = read("# taken-at: 0000-01-01T00:00:00+23:00\nana pts/0 2026-07-31T08:12:00Z 00:05 1 (h)\n");
    assert_eq!(found.problems.len(), 1, "{:?}", found.problems);
    assert_eq!(found.sessions[0].active, None);
    let edge = read("# taken-at: 0000-01-01T00:00:00Z\nana pts/0 2026-07-31T08:12:00Z 00:05 1 (h)\n");
    assert_eq!(edge.sessions[0].active, None, "the minute before lies outside");
}
