//! R1 to R4, R6: rosters that are held.

use std::path::Path;

use super::{HEADER, PEOPLE, gates, holds, is_accepted, is_held, issue, issue_bytes, left, next_day, open};
use crate::company::{Run, command};
use crate::faults::outputs::desk::Desk;
use crate::life::DAYS;

#[test]
fn r1_a_roster_that_is_missing_unreadable_or_without_rows_is_held() {
    let desk = open();
    let rows = next_day(&desk.company);
    let good = |folder: &Path| issue(folder, HEADER, &rows);
    is_accepted(&desk, "the twin", good);
    holds(&desk, "missing", "ROS-1", &["roster.csv", "No such file"], |folder| {
        good(folder);
        std::fs::remove_file(folder.join("roster.csv")).expect("removed");
    });
    holds(&desk, "a directory", "ROS-1", &["roster.csv"], |folder| {
        good(folder);
        std::fs::remove_file(folder.join("roster.csv")).expect("removed");
        std::fs::create_dir(folder.join("roster.csv")).expect("a folder");
    });
    holds(&desk, "header only", "ROS-1", &["hris", "no data row"], |folder| {
        issue_bytes(folder, format!("{HEADER}\n").as_bytes(), 0, "2026-08-04T00:30:00Z");
    });
    holds(&desk, "empty", "ROS-1", &["roster.csv", "empty"], |folder| {
        issue_bytes(folder, b"", 0, "2026-08-04T00:30:00Z");
    });
}

/// Mode 000 means nothing to root: the program then runs without the right to pass over it.
#[test]
fn r1_a_roster_of_mode_000_is_held() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = open();
    let rows = next_day(&desk.company);
    let copy = desk.copy();
    super::export(&desk, copy.path());
    issue(copy.path(), HEADER, &rows);
    let roster = copy.path().join("roster.csv");
    std::fs::set_permissions(&roster, std::fs::Permissions::from_mode(0o000)).expect("a mode");
    let mut command = match std::fs::read(&roster) {
        Err(error) => {
            assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied, "{error}");
            command(copy.path())
        }
        // Whoever reads it nevertheless is root; `setpriv` is a part of util-linux.
        Ok(_) => without_rights(copy.path()),
    };
    let output = command.args(["scan", "--as-of", DAYS[1], "--no-progress"]).output().expect("it starts");
    let run = Run::new(&output, copy.path());
    is_held(&desk, &copy, &run, "mode 000", "ROS-1", &["roster.csv", "needs read access"]);
}

fn without_rights(folder: &Path) -> std::process::Command {
    let program = command(folder).get_program().to_owned();
    let mut setpriv = std::process::Command::new("/usr/bin/setpriv");
    setpriv.current_dir(folder).env_clear().env("TZ", "UTC");
    setpriv.args(["--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-dac_override,-dac_read_search"]);
    setpriv.arg(program);
    setpriv
}

/// A small roster with everything that a cut can fall into: quotes, a line break in a field, letters of several bytes.
const SMALL: &str = "person_id,employment_type,status,display_name,work_email,start_date,end_date,time_zone\n\
p-1,employee,ended,\"Silva, Ana\",ana@acme.example,2020-01-01,2026-07-31,UTC\n\
p-2,employee,active,\"Zoë \"\"Z\"\"\nBraun\",bea@acme.example,2021-01-01,,UTC\n";

/// What `roster validate` says of these bytes, without any state beside them: its code, and all it told.
fn validated(folder: &Path, roster: &[u8]) -> (i32, String) {
    std::fs::write(folder.join("roster.csv"), roster).expect("the roster");
    let output = command(folder).args(["roster", "validate", "--as-of", DAYS[1]]).output().expect("the program starts");
    let run = Run::new(&output, folder);
    (run.code, format!("{}\n{}", run.stdout, run.stderr))
}

/// A folder with a configuration alone: the roster has no manifest, so that nothing but itself shows a cut.
fn bare() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let config = crate::company::Company::new().config().replace("manifest: roster.meta.json, ", "");
    std::fs::write(folder.path().join("holdover.yaml"), config).expect("the configuration");
    folder
}

#[test]
fn r2_a_roster_cut_at_any_byte_is_refused_and_a_cut_between_rows_is_told_to_be_unproven() {
    let folder = bare();
    let text = SMALL.as_bytes();
    // Where a row ends: the line breaks outside of quotation marks, but for that of the header.
    let mut ends = Vec::new();
    let mut quoted = false;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => ends.push(at + 1),
            _ => {}
        }
    }
    assert_eq!(ends.len(), 3);
    let workers = 2;
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let (folder, ends) = (&folder, &ends);
            scope.spawn(move || {
                // Each worker has a folder of its own: the roster is a file of one name.
                let own = folder.path().join(format!("{worker}"));
                std::fs::create_dir(&own).expect("a folder");
                std::fs::copy(folder.path().join("holdover.yaml"), own.join("holdover.yaml")).expect("a copy");
                for length in (worker..=text.len()).step_by(workers) {
                    let (code, told) = validated(&own, &text[..length]);
                    if ends[1..].contains(&length) {
                        assert_eq!(code, 0, "cut at byte {length}, between two rows: {told}");
                        assert!(told.contains("nothing proves"), "cut at byte {length}: {told}");
                    } else {
                        assert_eq!(code, 5, "cut at byte {length}: {told}");
                        assert!(told.contains("GATE") && told.contains("roster"), "cut at byte {length}: {told}");
                    }
                }
            });
        }
    });
}

#[test]
fn r2_a_cut_roster_is_held_by_a_run_and_names_its_gate() {
    let desk = open();
    let rows = next_day(&desk.company);
    let whole = format!("{HEADER}\n{}\n", rows.join("\n")).into_bytes();
    is_accepted(&desk, "the twin", |folder| issue(folder, HEADER, &rows));
    for sixteenth in 0..16 {
        let at = whole.len() * sixteenth / 16;
        // The manifest is of the whole: the file was cut on its way.
        holds(&desk, &format!("cut at byte {at}"), "ROS-1", &["roster.csv"], |folder| {
            issue(folder, HEADER, &rows);
            std::fs::write(folder.join("roster.csv"), &whole[..at]).expect("the roster");
        });
    }
    holds(&desk, "an open quote", "ROS-1", &["quotation mark is never closed"], |folder| {
        let text = String::from_utf8(whole.clone()).expect("text").replacen("Person 110", "\"Person 110", 1);
        issue_bytes(folder, text.as_bytes(), PEOPLE, "2026-08-04T00:30:00Z");
    });
}

#[test]
fn r2_another_encoding_is_read_where_it_says_so_and_held_with_its_byte_where_it_does_not() {
    let desk = open();
    let rows: Vec<String> =
        next_day(&desk.company).iter().map(|row| row.replace("Person 105", "Zoë Ångström")).collect();
    let text = format!("{HEADER}\n{}\n", rows.join("\n"));
    let as_of = "2026-08-04T00:30:00Z";
    let utf16 = |mark: bool| -> Vec<u8> {
        mark.then_some('\u{feff}')
            .into_iter()
            .chain(text.chars())
            .collect::<String>()
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect()
    };
    let marked = [b"\xEF\xBB\xBF".as_slice(), text.as_bytes()].concat();
    for (what, bytes) in [("UTF-8 with a mark", marked), ("UTF-16 with a mark", utf16(true))] {
        is_accepted(&desk, what, |folder| issue_bytes(folder, &bytes, PEOPLE, as_of));
    }
    let latin: Vec<u8> =
        text.chars().map(|letter| u8::try_from(u32::from(letter)).expect("a letter of Latin-1")).collect();
    let byte = latin.iter().position(|byte| !byte.is_ascii()).expect("a letter");
    let (place, guess) = (format!("byte {byte} is not utf-8"), "windows-1252");
    holds(&desk, "Latin-1", "ROS-1", &[&place, guess, "roster.csv"], |folder| {
        issue_bytes(folder, &latin, PEOPLE, as_of);
    });
    holds(&desk, "UTF-16 without a mark", "ROS-1", &["roster.csv", "NUL"], |folder| {
        issue_bytes(folder, &utf16(false), PEOPLE, as_of);
    });
    let mut half = utf16(true);
    half.truncate((half.len() / 2) | 1);
    holds(&desk, "UTF-16 cut in half a letter", "ROS-1", &["roster.csv", "cut off"], |folder| {
        issue_bytes(folder, &half, PEOPLE, as_of);
    });
}

#[test]
fn r3_a_roster_that_shrinks_to_two_fifths_is_held_whoever_is_missing() {
    let desk = open();
    let rows = next_day(&desk.company);
    let kept = PEOPLE * 2 / 5;
    let mut without_ana = 0;
    for seed in 0..4_u64 {
        let mut random = holdover_kit::random::Random::new(seed);
        let mut some = rows.clone();
        while some.len() > kept {
            some.remove(random.position(some.len()));
        }
        without_ana += usize::from(!some.iter().any(|row| row.starts_with("p-1,")));
        let counts = format!("hris has {kept} rows, the accepted roster had {PEOPLE}");
        holds(&desk, &format!("rows of seed {seed}"), "ROS-4", &[&counts, "90 %"], |folder| {
            issue(folder, HEADER, &some);
        });
    }
    assert!(without_ana > 0, "in one of them the leaver herself is missing");
    // The twin loses as many as it may.
    let most = PEOPLE - PEOPLE / 10;
    is_accepted(&desk, "nine tenths", |folder| issue(folder, HEADER, &rows[..most]));
}

#[test]
fn r4_each_column_that_decides_is_missed_by_its_name() {
    let desk = open();
    let rows = next_day(&desk.company);
    for column in ["person_id", "employment_type", "start_date", "status", "work_email", "end_date", "time_zone"] {
        let renamed = HEADER.replace(column, &format!("old_{column}"));
        assert_ne!(renamed, HEADER);
        let found = format!("old_{column}");
        holds(&desk, &format!("{column} renamed"), "ROS-2", &[column, &found], |folder| issue(folder, &renamed, &rows));
        let at = HEADER.split(',').position(|name| name == column).expect("a column");
        let without = |row: &str| {
            let mut fields: Vec<&str> = row.split(',').collect();
            fields.remove(at);
            fields.join(",")
        };
        let gone: Vec<String> = rows.iter().map(|row| without(row)).collect();
        holds(&desk, &format!("{column} gone"), "ROS-2", &[column], |folder| issue(folder, &without(HEADER), &gone));
    }
    // A column that decides nothing may be renamed; it is told.
    let renamed = HEADER.replace("updated_at", "changed_at");
    let (_copy, run) = super::after(&desk, |folder| issue(folder, &renamed, &rows));
    run.expect(1);
    assert!(
        gates(&run).iter().any(|gate| gate.starts_with("ROS-2 says") && gate.contains("changed_at")),
        "{:?}",
        gates(&run)
    );
    is_accepted(&desk, "the twin", |folder| issue(folder, HEADER, &rows));
}

#[test]
fn r6_another_mail_domain_for_everyone_is_held_with_both_shares() {
    let desk: Desk = open();
    let rows = next_day(&desk.company);
    let moved: Vec<String> = rows.iter().map(|row| row.replace("@acme.example", "@bought.example")).collect();
    let names = ["0.0 % of the addresses lie in acme.example", "100.0 % in the accepted roster"];
    holds(&desk, "every address", "ROS-9", &names, |folder| issue(folder, HEADER, &moved));
    holds(&desk, "every address", "ROS-8", &["no longer have their addresses", "limit: 10 points"], |folder| {
        issue(folder, HEADER, &moved);
    });
    // The twin: one address in another domain is a colleague's, and no fault.
    is_accepted(&desk, "one address", |folder| {
        let mut one = rows.clone();
        one[30] = moved[30].clone();
        issue(folder, HEADER, &one);
    });
    // It is a sign of the domain, and not of the number of leavers: with both, the gates that hold still hold.
    let mut both = moved;
    both[20] = left(117);
    holds(&desk, "addresses and a leaver", "ROS-9", &names[1..], |folder| issue(folder, HEADER, &both));
}
