//! Lines of key files: what sshd reads, what it refuses, and what nobody can read.

use super::*;
use crate::testing::{base64, key};

fn only(text: &str) -> AuthorizedKey {
    let mut lines = parse_authorized_keys(text.as_bytes());
    assert_eq!(lines.len(), 1, "{lines:?}");
    match lines.remove(0) {
        AuthorizedLine::Key(key) => *key,
        AuthorizedLine::Unreadable { why, .. } => panic!("{text:?}: {why}"),
    }
}

fn fault(text: &str) -> String {
    match parse_authorized_keys(text.as_bytes()).remove(0) {
        AuthorizedLine::Key(key) => panic!("{text:?}: {key:?}"),
        AuthorizedLine::Unreadable { why, .. } => why,
    }
}

fn blob(fields: &[&[u8]]) -> String {
    let mut bytes = Vec::new();
    for field in fields {
        bytes.extend_from_slice(&u32::try_from(field.len()).expect("short").to_be_bytes());
        bytes.extend_from_slice(field);
    }
    base64(&bytes)
}

#[test]
fn blank_lines_comments_and_line_ends_of_other_systems_do_not_hide_a_key() {
    let text = format!("\n# x\r\n \t\n\t {} a comment \r\n\u{b}\n", key(1));
    let lines = parse_authorized_keys(text.as_bytes());
    assert!(matches!(&lines[0], AuthorizedLine::Key(key) if key.line == 4 && key.comment == "a comment"), "{lines:?}");
    assert_eq!(only(&format!("{}\r\n", key(1))).key.fingerprint, only(&key(1)).key.fingerprint);
    let long = format!("{} {}\n", key(1), "x".repeat(200_000));
    assert_eq!(only(&long).comment.len(), 200);
}

#[test]
fn one_key_has_one_fingerprint_however_its_numbers_are_padded() {
    let modulus = [0x91; 128];
    let padded = [&[0][..], &modulus].concat();
    let twice = [&[0, 0][..], &modulus].concat();
    let one = only(&format!("ssh-rsa {}", blob(&[b"ssh-rsa", &[1, 0, 1], &padded])));
    let other = only(&format!("rsa-sha2-512 {}", blob(&[b"ssh-rsa", &[0, 1, 0, 1], &twice])));
    assert_eq!(one.key, other.key, "sshd compares the numbers, so one key must have one id");
    assert_eq!(one.key.rsa_bits, Some(1024));
    assert_eq!(fault(&format!("ssh-rsa {}", blob(&[b"ssh-rsa", &[1, 0, 1], &modulus]))), "the key does not decode");
}

#[test]
fn a_type_that_is_not_known_is_kept_and_a_type_that_lies_is_not_a_key() {
    let future = blob(&[b"ssh-future-256", b"anything"]);
    let kept = only(&format!("no-pty ssh-future-256 {future} x"));
    assert!(!kept.key.known && kept.key.fingerprint.as_str().starts_with("SHA256:"));
    assert_eq!(
        fault(&format!("ssh-rsa {}", key(1).split(' ').nth(1).expect("a blob"))),
        "the type written and the type of the key differ"
    );
    assert_eq!(fault("just some words here"), "no key on this line");
    assert_eq!(fault("command=\"open ssh-rsa AAAA"), "a quote in the options is not closed");
    assert_eq!(fault("1024 35 1234567890 old@protocol"), "no key on this line");
}

#[test]
fn an_option_that_no_version_knows_keeps_the_key_in_sight() {
    let doubtful = only(&format!("future-option {}", key(1)));
    assert!(matches!(doubtful.options, Err(OptionFault::Doubtful(_))));
    let refused = only(&format!("from=\"a\",from=\"b\" {}", key(1)));
    assert!(matches!(refused.options, Err(OptionFault::Refused(_))));
    let fine = only(&format!("pty,,no-user-rc, {}", key(1)));
    assert!(fine.options.is_ok(), "{:?}", fine.options);
}

#[test]
fn a_line_ends_at_its_first_nul_as_in_sshd() {
    let text = format!("{} a\0ssh-rsa AAAA\n", key(1));
    assert_eq!(only(&text).comment, "a");
}
