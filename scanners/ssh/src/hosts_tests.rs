//! The list of hosts.

use super::*;
use crate::settings::ExpectedHosts;
use crate::testing::{Host, Memory, settings};

fn documents(text: &[u8]) -> Memory {
    let mut memory = Memory::default();
    memory.files.insert(String::from("hosts.txt"), text.to_vec());
    memory
}

fn look(text: &[u8], sha256: Option<String>) -> Hosts {
    let mut settings = settings();
    settings.expected_hosts = Some(ExpectedHosts { path: "hosts.txt".into(), sha256 });
    find(&settings, &documents(text), &Host::new("web-1").tree())
}

#[test]
fn a_list_without_its_digest_or_with_another_one_is_not_proven() {
    let text = b"web-1\n";
    assert!(matches!(look(text, None).problems[..], [(_, Cause::NotProven { .. })]));
    assert!(matches!(look(text, Some("0".repeat(64))).problems[..], [(_, Cause::DigestDiffers { .. })]));
    assert!(look(text, Some(hex(&Sha256::digest(text)))).problems.is_empty());
}

#[test]
fn a_list_that_was_cut_at_any_byte_shows() {
    let text = b"web-1 # the first\nweb-2\n";
    let sha256 = hex(&Sha256::digest(text));
    for cut in 0..text.len() {
        let found = look(&text[..cut], Some(sha256.clone()));
        assert!(found.problems.iter().any(|(_, cause)| matches!(cause, Cause::DigestDiffers { .. })), "cut at {cut}");
    }
}

#[test]
fn lines_that_name_no_host_are_gaps_and_so_is_a_missing_list() {
    let found = look(b"\xef\xbb\xbfweb-1\r\n../etc\nweb 2\n\xff\n", None);
    let lines: Vec<_> = found.problems.iter().filter(|(_, cause)| matches!(cause, Cause::Malformed { .. })).collect();
    assert_eq!(lines.len(), 3, "{:?}", found.problems);
    assert_eq!(found.expected.map(|expected| expected.len()), Some(1));
    let mut settings = settings();
    settings.expected_hosts = Some(ExpectedHosts { path: "missing.txt".into(), sha256: None });
    assert!(matches!(
        find(&settings, &Memory::default(), &Memory::default()).problems[..],
        [(Some(_), Cause::Unreachable { .. })]
    ));
}

#[test]
fn what_lies_beside_the_folders_is_said() {
    let mut tree = Host::new("web-1").tree();
    tree.files.insert(String::from("README"), Vec::new());
    tree.files.insert(String::from("bad name/files.txt"), Vec::new());
    tree.files.insert(String::from("link"), Vec::new());
    tree.links.insert(String::from("link"));
    let found = find(&settings(), &Memory::default(), &tree);
    assert_eq!(found.there.len(), 1);
    assert_eq!(found.notices.len(), 1);
    let parts: Vec<_> = found.problems.iter().filter_map(|(part, _)| part.as_deref()).collect();
    assert_eq!(parts, ["bad name", "link"]);
}
