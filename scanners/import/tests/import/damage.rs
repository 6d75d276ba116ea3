//! Every damage ends in a gap that names it. Whole files are the twins that stay silent.

use std::io::Write as _;

use scan_contract::{Cause, ScopeState};

use crate::common::{File, Memory, Outcome, native, run, settings};
use crate::native::{ACCOUNT, END, HEADER, TOKEN, lines, read, read_as};

fn whole() -> Vec<u8> {
    lines(&[HEADER, ACCOUNT, TOKEN, END])
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 3).expect("memory");
    encoder.include_checksum(true).expect("a checksum");
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn complete(outcome: &Outcome) -> bool {
    outcome.scopes.values().all(|seen| seen.state() == ScopeState::Complete)
}

#[test]
fn no_cut_of_a_plain_file_looks_complete() {
    let bytes = whole();
    for end in 0..bytes.len() - 1 {
        let outcome = read(bytes[..end].to_vec());
        assert!(
            outcome.scopes.values().all(|seen| seen.state() != ScopeState::Complete),
            "cut at {end}: {}",
            outcome.text()
        );
    }
    assert!(complete(&read(bytes[..bytes.len() - 1].to_vec())), "the last line end alone carries nothing");
    assert!(complete(&read(bytes)));
}

#[test]
fn no_cut_of_a_compressed_file_looks_complete() {
    for (path, bytes) in [("crm.ndjson.gz", gzip(&whole())), ("crm.ndjson.zst", zstd(&whole()))] {
        for end in 0..bytes.len() {
            let outcome = read_as(path, bytes[..end].to_vec());
            assert!(!complete(&outcome), "{path} cut at {end}: {}", outcome.text());
        }
        let outcome = read_as(path, bytes);
        assert!(complete(&outcome), "{path}: {}", outcome.text());
        assert_eq!(outcome.ids(), ["u-19", "tok_81"]);
    }
}

#[test]
fn a_wrong_checksum_and_trailing_bytes_of_a_compressed_file_are_gaps() {
    for (path, sound) in [("crm.ndjson.gz", gzip(&whole())), ("crm.ndjson.zst", zstd(&whole()))] {
        let mut wrong = sound.clone();
        let place = if path.ends_with("gz") { wrong.len() - 8 } else { wrong.len() - 1 };
        wrong[place] ^= 0x40;
        let outcome = read_as(path, wrong);
        assert!(outcome.scopes.values().all(|seen| seen.state() == ScopeState::Partial), "{path}: {}", outcome.text());
        // A small zstd frame gives out nothing before its checksum was compared; gzip gives out what it has.
        let scope = if path.ends_with("gz") { "accounts" } else { path };
        assert_eq!(outcome.codes(scope), ["E-FORM-002"], "{path}");
        let mut longer = sound.clone();
        longer.extend_from_slice(b"more");
        let outcome = read_as(path, longer);
        assert!(!complete(&outcome), "{path}: {}", outcome.text());
        assert_eq!(outcome.ids(), ["u-19", "tok_81"], "what was read is kept");
    }
}

#[test]
fn a_file_that_grows_without_measure_is_stopped() {
    let mut bytes = lines(&[HEADER]);
    bytes.resize(bytes.len() + (66 << 20), b'x');
    let documents = Memory([("crm.ndjson.zst".into(), File::Bytes(zstd(&bytes)))].into());
    let mut limited = settings([native("crm.ndjson.zst")]);
    let outcome = run(&limited, &documents);
    assert_eq!(outcome.codes("accounts").last(), Some(&"E-LIMIT-001"), "{}", outcome.text());
    assert!(outcome.text().contains("more than 1000 times larger"));
    limited.limits.compression_ratio = u64::MAX;
    limited.limits.file_bytes = 1 << 20;
    assert!(run(&limited, &documents).text().contains("more than 1048576 bytes"));
}

#[test]
fn reading_that_breaks_keeps_what_was_read_and_says_where() {
    let sound = whole();
    let to = sound.len() - END.len() - 10;
    let documents = Memory([("crm.ndjson".into(), File::Breaks(sound[..to].to_vec()))].into());
    let outcome = run(&settings([native("crm.ndjson")]), &documents);
    assert_eq!(outcome.state("accounts"), ScopeState::Partial);
    assert!(outcome.text().contains("the disk is gone"));
    assert_eq!(outcome.ids(), ["u-19"], "half a line is no line");
    let documents = Memory([("crm.ndjson".into(), File::Breaks(sound))].into());
    assert!(!complete(&run(&settings([native("crm.ndjson")]), &documents)), "an error after the last byte is an error");
}

#[test]
fn bytes_that_are_not_utf_8_cost_their_line_alone() {
    let mut bytes = lines(&[HEADER, ACCOUNT, TOKEN, END]);
    let at = HEADER.len() + 1 + ACCOUNT.find("asilva").expect("the display name");
    bytes[at] = 0xff;
    let outcome = read(bytes);
    assert_eq!(outcome.ids(), ["tok_81"]);
    assert_eq!(outcome.scope("accounts").gaps[0].0.as_deref(), Some("crm.ndjson line 2"));
    assert!(matches!(&outcome.scope("accounts").gaps[0].1, Cause::Malformed { what } if what == "not UTF-8"));
}

#[test]
fn a_header_that_cannot_be_believed_fails_the_file() {
    for header in [
        "",
        "{}",
        ACCOUNT,
        END,
        &HEADER.replace("holdover-import", "other"),
        &HEADER.replace("\"version\":1", "\"version\":2"),
        &HEADER.replace("\"version\":1", "\"version\":\"1\""),
        &HEADER.replace("2026-08-01T01:00:00Z", "2026-08-01"),
        &HEADER.replace("[\"accounts\",\"api-tokens\"]", "[]"),
        &HEADER.replace("\"accounts\",", "\"api-tokens\","),
        &HEADER.replace("\"version\":1", "\"version\":1,\"version\":1"),
    ] {
        let outcome = read(lines(&[header, ACCOUNT, TOKEN, END]));
        assert!(outcome.accesses.is_empty(), "{header}");
        assert_eq!(outcome.codes("crm.ndjson"), ["E-FORM-001"], "{header}");
        assert_eq!(outcome.scope("crm.ndjson").proof, None, "{header}");
    }
    assert_eq!(read(Vec::new()).codes("crm.ndjson"), ["E-FORM-002"]);
}

#[test]
fn a_million_broken_lines_are_told_in_few_words() {
    let mut bytes = lines(&[HEADER, ACCOUNT]);
    bytes.extend(std::iter::repeat_n(b'\n', 100_000));
    bytes.extend(lines(&[TOKEN, END]));
    let outcome = read(bytes);
    assert_eq!(outcome.ids(), ["u-19", "tok_81"]);
    let gaps = &outcome.scope("accounts").gaps;
    assert_eq!(gaps.len(), 21);
    assert!(
        gaps[20].1.to_string().contains("99980 more lines cannot be used, the last is line 100002"),
        "{}",
        gaps[20].1
    );
}

#[test]
fn gap_lines_without_number_are_told_in_few_words() {
    let gap = r#"{"record":"gap","scope":"accounts","part":"page","cause":"throttled"}"#;
    let mut all = vec![HEADER, ACCOUNT, TOKEN];
    all.extend(std::iter::repeat_n(gap, 5_000));
    all.push(END);
    let outcome = read(lines(&all));
    assert_eq!(outcome.scope("accounts").gaps.len(), 101);
    assert!(outcome.text().contains("4900 more gap lines"));
    assert_eq!(outcome.state("api-tokens"), ScopeState::Complete);
}
