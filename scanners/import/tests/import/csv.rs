//! Tables with a mapping.

use std::fmt::Write as _;

use chrono_tz::Tz;
use scan_contract::{
    AccessKind, AsOfSource, Cause, Fact, Privilege, ProofKind, Relation, ScopeName, ScopeState, Status,
};
use scan_import::{CsvSettings, Encoding, Field, FileSettings, Format};
use sha2::{Digest as _, Sha256};

use crate::common::{File, Memory, Outcome, run, settings};

const HEADER: &str = "User ID,Username,E-mail,Staff no,State,Role,Created,Last login,Notes";
const ANA: &str = "u-19,asilva,ana.silva@acme.example,00417,Active,Administrator,01.04.2023,30.07.2026 22:22,x";
const BOB: &str = "u-20,bob,bob@acme.example,,Locked,User,02.04.2023,,\"a \"\"quoted\"\", note\nin two lines\"";

fn mapping() -> CsvSettings {
    let mut csv = CsvSettings::new(ScopeName::from("accounts"), AccessKind::Account);
    csv.manifest = Some("users.meta.json".into());
    for (field, column) in [
        (Field::GrantId, "User ID"),
        (Field::Login, "Username"),
        (Field::Email, "E-mail"),
        (Field::EmployeeId, "Staff no"),
        (Field::Status, "State"),
        (Field::Privilege, "Role"),
        (Field::CreatedAt, "Created"),
        (Field::LastUsedAt, "Last login"),
    ] {
        csv.columns.insert(field, column.to_owned());
    }
    let words = |pairs: &[(&str, &[&str])]| {
        pairs
            .iter()
            .map(|(ours, theirs)| ((*ours).to_owned(), theirs.iter().map(|word| (*word).to_owned()).collect()))
            .collect()
    };
    csv.values.insert(Field::Status, words(&[("enabled", &["Active"]), ("disabled", &["Suspended", "Locked"])]));
    csv.values.insert(Field::Privilege, words(&[("admin", &["Administrator"]), ("read", &["User"])]));
    csv.values.insert(Field::LastUsedAt, words(&[("none", &["never"]), ("hidden", &["n/a"])]));
    csv.formats.insert(Field::CreatedAt, String::from("%d.%m.%Y"));
    csv.formats.insert(Field::LastUsedAt, String::from("%d.%m.%Y %H:%M"));
    csv.time_zone = Some(Tz::Europe__Berlin);
    csv
}

fn manifest(table: &[u8], rows: usize) -> Vec<u8> {
    let mut digest = String::new();
    for byte in Sha256::digest(table) {
        write!(digest, "{byte:02X}").expect("memory");
    }
    format!("{{\n  \"as_of\": \"2026-08-01T01:00:00Z\",\n  \"rows\": {rows},\n  \"sha256\": \"{digest}\"\n}}\n")
        .into_bytes()
}

fn read_with(csv: CsvSettings, table: &[u8], meta: Option<Vec<u8>>) -> Outcome {
    let mut documents = Memory([("users.csv".into(), File::Bytes(table.to_vec()))].into());
    if let Some(meta) = meta {
        documents.0.insert("users.meta.json".into(), File::Bytes(meta));
    }
    let file = FileSettings { path: "users.csv".into(), format: Format::Csv(Box::new(csv)) };
    let settings = settings([file]);
    assert_eq!(settings.problems(), []);
    run(&settings, &documents)
}

fn table(rows: &[&str]) -> Vec<u8> {
    let mut text = rows.join("\n");
    text.push('\n');
    text.into_bytes()
}

/// Rows with a manifest that fits.
fn read(rows: &[&str]) -> Outcome {
    let table = table(rows);
    read_with(mapping(), &table, Some(manifest(&table, rows.len() - 1)))
}

#[test]
fn a_whole_table_with_its_manifest_is_complete() {
    let outcome = read(&[HEADER, ANA, BOB]);
    assert_eq!(outcome.state("accounts"), ScopeState::Complete, "{}", outcome.text());
    let seen = outcome.scope("accounts");
    assert_eq!(seen.proof.as_ref().map(|proof| (proof.kind, proof.announced)), Some((ProofKind::Manifest, None)));
    assert_eq!(seen.as_of.map(|as_of| as_of.source), Some(AsOfSource::Stated));
    assert_eq!(outcome.ids(), ["u-19", "u-20"]);
    let [ana, bob] = &outcome.accesses[..] else { unreachable!("two rows") };
    assert_eq!((ana.status, ana.privilege), (Status::Enabled, Privilege::Admin));
    assert_eq!((bob.status, bob.privilege), (Status::Disabled, Privilege::Read));
    let created = ana.created_at.known().expect("a date");
    assert_eq!((created.at.to_rfc3339().as_str(), created.precision_seconds), ("2023-03-31T22:00:00+00:00", 86_400));
    let used = ana.last_used_at.known().expect("a time");
    assert_eq!((used.at.to_rfc3339().as_str(), used.precision_seconds), ("2026-07-30T20:22:00+00:00", 60));
    assert_eq!(bob.last_used_at, Fact::Hidden(String::from("the cell is empty")), "empty is not never");
    assert_eq!(ana.holders[0].relation, Relation::Holder);
    assert_eq!(bob.holders[0].employee_id, None);
    assert_eq!(bob.evidence, ["users.csv:3"]);
    assert!(outcome.notices.iter().any(|notice| notice.contains("ignored: Notes")));
}

#[test]
fn words_of_time_columns_say_never_and_not_known() {
    let never = ANA.replace("30.07.2026 22:22", "never");
    let hidden = ANA.replace("30.07.2026 22:22", "n/a").replace("u-19", "u-21");
    let outcome = read(&[HEADER, &never, &hidden]);
    assert_eq!(outcome.state("accounts"), ScopeState::Complete, "{}", outcome.text());
    assert_eq!(outcome.accesses[0].last_used_at, Fact::None);
    assert!(outcome.accesses[1].last_used_at.is_hidden());
}

#[test]
fn rows_or_digest_that_differ_make_it_partial() {
    let sound = table(&[HEADER, ANA, BOB]);
    let few = read_with(mapping(), &sound, Some(manifest(&sound, 3)));
    assert_eq!(few.state("accounts"), ScopeState::Partial);
    assert!(matches!(few.scope("accounts").gaps[0].1, Cause::CountDiffers { announced: 3, found: 2, .. }));
    let other = read_with(mapping(), &sound, Some(manifest(b"another file", 2)));
    assert_eq!(other.codes("accounts"), ["E-WHOLE-002"]);
    assert_eq!(other.scope("accounts").as_of, None, "the time of another file says nothing");
    for end in 0..sound.len() {
        let cut = read_with(mapping(), &sound[..end], Some(manifest(&sound, 2)));
        assert_ne!(cut.state("accounts"), ScopeState::Complete, "cut at {end}");
    }
}

#[test]
fn without_a_manifest_nothing_proves_the_table_whole() {
    let sound = table(&[HEADER, ANA, BOB]);
    let mut csv = mapping();
    csv.manifest = None;
    let none = read_with(csv, &sound, None);
    assert_eq!(none.codes("accounts"), ["E-WHOLE-003"]);
    assert_eq!(none.scope("accounts").as_of.map(|as_of| as_of.source), Some(AsOfSource::FileTime));
    let lost = read_with(mapping(), &sound, None);
    assert_eq!(lost.codes("accounts"), ["E-WHOLE-003"]);
    assert!(lost.text().contains("users.meta.json cannot be read"));
    for meta in
        ["{}", "[]", "{\"rows\":1,\"rows\":2}", "{\"as_of\":\"2026-08-01\"}", "{\"sha256\":\"abc\"}", "{\"rows\":-1}"]
    {
        let outcome = read_with(mapping(), &sound, Some(meta.as_bytes().to_vec()));
        assert_eq!(outcome.state("accounts"), ScopeState::Partial, "{meta}");
        assert_eq!(outcome.ids(), ["u-19", "u-20"], "{meta}");
    }
}

#[test]
fn a_renamed_column_fails_the_scope_and_names_the_nearest() {
    let outcome = read(&[&HEADER.replace("Staff no", "Staff No."), ANA]);
    assert!(outcome.accesses.is_empty(), "nothing is read as empty");
    assert_eq!(outcome.scope("accounts").proof, None);
    let told = outcome.text();
    assert!(told.contains("no column \\\"Staff no\\\" (employee_id); the nearest is \\\"Staff No.\\\""), "{told}");
    let twice = read(&[&HEADER.replace("Notes", "State"), ANA]);
    assert!(twice.text().contains("is there twice"));
    assert_eq!(read_with(mapping(), b"", Some(manifest(b"", 0))).codes("accounts"), ["E-FORM-002"]);
}

#[test]
fn a_word_that_no_list_names_is_unknown_and_told() {
    let outcome =
        read(&[HEADER, ANA, &BOB.replace("Locked", "Dormant"), &ANA.replace("Active", "").replace("u-19", "u-3")]);
    assert_eq!(outcome.state("accounts"), ScopeState::Partial);
    assert_eq!(outcome.codes("accounts"), ["E-WORD-001", "E-WORD-001"]);
    assert!(
        outcome
            .text()
            .contains("word: \"Dormant\",\n                    rows: 1,\n                    first: \"line 3\""),
        "{}",
        outcome.text()
    );
    assert_eq!(outcome.accesses[1].status, Status::Unknown);
    assert_eq!(outcome.accesses[1].status_text.as_deref(), Some("Dormant"));
    assert_eq!(outcome.accesses.len(), 3);
}

#[test]
fn broken_rows_are_named_by_line_and_neighbours_are_kept() {
    for (row, at) in [
        ("u-7,only,three", 2),
        ("u-7,\"open,x,x,x,x,x,x,x", 2),
        ("u-7,\"a\"b,x,x,x,x,x,x,x", 2),
        (",a,b,c,Active,User,,,", 2),
    ] {
        let outcome = read(&[HEADER, row, ANA, BOB]);
        assert_eq!(outcome.state("accounts"), ScopeState::Partial, "{row}");
        let part = format!("users.csv line {at}");
        assert_eq!(outcome.scope("accounts").gaps[0].0.as_deref(), Some(part.as_str()), "{row}: {}", outcome.text());
        assert!(outcome.ids().contains(&"u-19"), "{row}: {:?}", outcome.ids());
    }
}

#[test]
fn one_stray_quote_costs_its_row_alone() {
    let row = |number: usize| {
        let note = ["x", "\"a, b\"", "\"two\nlines\"", "\"\"", "\"say \"\"so\"\"\""][number % 5];
        format!("u-{number},l{number},e{number},,Active,User,01.04.2023,,{note}")
    };
    for stray in 0..10 {
        let rows: Vec<String> = (0..10)
            .map(|number| if number == stray { row(number).replacen(",l", ",\"l", 1) } else { row(number) })
            .collect();
        let mut lines = vec![HEADER];
        lines.extend(rows.iter().map(String::as_str));
        let outcome = read(&lines);
        assert_eq!(outcome.state("accounts"), ScopeState::Partial);
        let lost: Vec<String> =
            (0..10).map(|number| format!("u-{number}")).filter(|id| !outcome.ids().contains(&id.as_str())).collect();
        assert_eq!(lost, [format!("u-{stray}")], "{}", outcome.text());
    }
}

#[test]
fn an_open_quote_at_the_end_is_named() {
    let outcome = read(&[HEADER, ANA, "u-7,\"open,x,x,x,x,x,x,x"]);
    assert_eq!(outcome.ids(), ["u-19"]);
    assert_eq!(outcome.codes("accounts"), ["E-FORM-002"]);
    assert!(outcome.text().contains("a quote is opened in this row and never closed"));
}

#[test]
fn a_time_that_cannot_be_read_is_hidden_and_told_and_the_row_is_kept() {
    for (cell, says) in [
        ("45123", "does not follow the configured format"),
        ("31.02.2023", "does not follow"),
        ("2023-04-01", "does not follow"),
    ] {
        let outcome = read(&[HEADER, &ANA.replace("01.04.2023", cell)]);
        assert_eq!(outcome.state("accounts"), ScopeState::Partial, "{cell}");
        assert!(outcome.text().contains(says), "{cell}: {}", outcome.text());
        assert!(outcome.accesses[0].created_at.is_hidden());
    }
    let mut iso = mapping();
    iso.formats.clear();
    let rows =
        table(&[HEADER, &ANA.replace("01.04.2023", "45123").replace("30.07.2026 22:22", "2026-07-30T22:22:00Z")]);
    let outcome = read_with(iso, &rows, Some(manifest(&rows, 1)));
    assert!(outcome.text().contains("serial number"));
    assert!(outcome.accesses[0].last_used_at.known().is_some());
    let lost = read(&[HEADER, &ANA.replace("30.07.2026 22:22", "29.03.2026 02:30")]);
    assert!(lost.text().contains("never happened in Europe/Berlin"));
}

#[test]
fn other_encodings_and_delimiters() {
    let text = [HEADER, &ANA.replace("asilva", "zoë")].join("\r\n").replace(',', ";");
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let windows: Vec<u8> = text
        .chars()
        .map(|character| if character == 'ë' { 0xeb } else { u8::try_from(character).expect("ASCII") })
        .collect();
    let marked: Vec<u8> = [0xef, 0xbb, 0xbf].into_iter().chain(text.bytes()).collect();
    for (bytes, encoding) in
        [(utf16, Encoding::Utf8), (windows.clone(), Encoding::Windows1252), (marked, Encoding::Windows1252)]
    {
        let csv = CsvSettings { delimiter: b';', encoding, ..mapping() };
        let outcome = read_with(csv, &bytes, Some(manifest(&bytes, 1)));
        assert_eq!(outcome.state("accounts"), ScopeState::Complete, "{encoding:?}: {}", outcome.text());
        assert_eq!(outcome.accesses[0].holders[0].login.as_deref(), Some("zoë"));
    }
    let csv = CsvSettings { delimiter: b';', ..mapping() };
    let outcome = read_with(csv, &windows, Some(manifest(&windows, 1)));
    assert_eq!(outcome.state("accounts"), ScopeState::Partial, "bytes that do not decode are never text");
    assert!(outcome.accesses.is_empty());
}

#[test]
fn many_rows_come_in_pages() {
    let mut rows = vec![String::from(HEADER)];
    rows.extend((0..2_500).map(|number| ANA.replace("u-19", &format!("u-{number}"))));
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let outcome = read(&rows);
    assert_eq!(outcome.state("accounts"), ScopeState::Complete, "{}", outcome.text());
    assert_eq!(outcome.accesses.len(), 2_500);
}

#[test]
fn blanks_around_the_ids_of_a_table_are_not_part_of_them() {
    let mut csv = CsvSettings::new(ScopeName::from("tokens"), AccessKind::ApiToken);
    for (field, column) in [
        (Field::GrantId, "Id"),
        (Field::Parent, "Account"),
        (Field::ProviderId, "User"),
        (Field::ExternalId, "Object"),
        (Field::Login, "Name"),
    ] {
        csv.columns.insert(field, column.to_owned());
    }
    // As `char(12)` comes out of a database, and with a blank that no keyboard shows.
    let padded = "Id,Account,User,Object,Name\ntok-1      ,u-19        ,\" u-19 \",o-7\u{a0},a b \n";
    let outcome = read_with(csv.clone(), padded.as_bytes(), None);
    let access = outcome.accesses.first().unwrap_or_else(|| panic!("{}", outcome.text()));
    assert_eq!(
        (access.grant_id.as_str(), access.parent.as_ref().map(scan_contract::GrantId::as_str)),
        ("tok-1", Some("u-19"))
    );
    let holder = &access.holders[0];
    assert_eq!(holder.provider_id.as_deref(), Some("u-19"));
    assert_eq!(holder.external.as_ref().map(|external| external.id.as_str()), Some("o-7"));
    assert_eq!(holder.login.as_deref(), Some("a b "), "as the system writes it");
    // Blanks inside are part of an id, and an id of blanks is none.
    let inside = read_with(csv.clone(), b"Id,Account,User,Object,Name\ntok 1,u 19,,,a\n", None);
    assert_eq!(inside.ids(), ["tok 1"]);
    let none = read_with(csv, b"Id,Account,User,Object,Name\n   ,u-19,u-19,,a\n", None);
    assert_eq!(none.ids(), [] as [&str; 0]);
}
