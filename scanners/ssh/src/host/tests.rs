//! A host as a whole: coverage first, then what was found.

use scan_contract::{AccessKind, Cause, Fact, Privilege, Status};

use crate::scopes::HostScope;
use crate::testing::{Host, Read, key, read, read_expecting};

fn whole(read: &Read, host: &str) -> Vec<&'static str> {
    HostScope::ALL
        .iter()
        .map(|scope| scope.as_str())
        .filter(|scope| !read.is_whole(&format!("{host}/{scope}")))
        .collect()
}

fn fingerprint(seed: u8) -> String {
    let line = format!("{} x\n", key(seed));
    match crate::keys::parse_authorized_keys(line.as_bytes()).remove(0) {
        crate::keys::AuthorizedLine::Key(key) => key.key.fingerprint.as_str().to_owned(),
        crate::keys::AuthorizedLine::Unreadable { why, .. } => panic!("{why}"),
    }
}

#[test]
fn a_whole_host_is_proven_in_every_scope_and_its_accounts_are_listed() {
    let read = Host::new("web-1").read();
    assert_eq!(whole(&read, "web-1"), Vec::<&str>::new(), "{:#?}", read.gaps);
    assert_eq!(read.ids(AccessKind::Account), ["web-1/ana", "web-1/ben", "web-1/daemon", "web-1/root"]);
    assert_eq!(read.ids(AccessKind::GroupMembership), ["web-1/ben/group/sudo"]);
    assert_eq!(read.get("web-1/root").privilege, Privilege::Admin);
    assert_eq!(read.get("web-1/ana").privilege, Privilege::Write);
    assert_eq!(read.get("web-1/daemon").privilege, Privilege::None);
    let ana = &read.get("web-1/ana").holders[0];
    assert_eq!((ana.login.as_deref(), ana.provider_id.as_deref()), (Some("ana"), Some("web-1:1001")));
    assert_eq!(ana.name.as_deref(), Some("Ana Silva"));
    assert!(read.ids(AccessKind::SshKey).is_empty() && read.ids(AccessKind::RoleBinding).is_empty());
}

#[test]
fn a_key_is_found_with_its_fingerprint_and_the_same_file_without_it_gives_none() {
    let mut host = Host::new("web-1");
    host.file("home/ana/.ssh/authorized_keys", format!("# team\nfrom=\"10.0.0.0/8\",no-pty {} ana@laptop\r\n", key(1)));
    let read = host.read();
    assert_eq!(whole(&read, "web-1"), Vec::<&str>::new(), "{:#?}", read.gaps);
    let access = read.get(&format!("web-1/ana/{}", fingerprint(1)));
    assert_eq!(access.status, Status::Enabled);
    assert_eq!(access.parent.as_ref().map(scan_contract::GrantId::as_str), Some("web-1/ana"));
    assert_eq!(access.holders[0].ssh_fingerprint, access.public_key);
    assert_eq!(access.holders[0].name.as_deref(), Some("ana@laptop"));
    assert_eq!(access.expires_at, Fact::None);
    assert!(access.evidence.iter().any(|text| text == "/home/ana/.ssh/authorized_keys:2"), "{:?}", access.evidence);
    host.file("home/ana/.ssh/authorized_keys", "# team\n");
    assert!(host.read().ids(AccessKind::SshKey).is_empty());
}

#[test]
fn a_path_that_sshd_reads_and_nobody_looked_for_is_a_gap_that_names_it() {
    let mut host = Host::new("web-1");
    host.lines.remove("absent /home/ana/.ssh/authorized_keys2");
    let read = host.read();
    assert_eq!(whole(&read, "web-1"), ["authorized-keys"]);
    let gap = &read.gaps_of("web-1/authorized-keys")[0];
    assert!(gap.part.as_deref().is_some_and(|part| part.ends_with("ana/.ssh/authorized_keys2")), "{gap:?}");
    assert!(matches!(gap.cause, Cause::NotInSource { .. }));
    host.denied("home/ana/.ssh/authorized_keys2");
    assert!(matches!(host.read().gaps_of("web-1/authorized-keys")[0].cause, Cause::Denied { .. }));
    // A folder above it that is absent answers for it.
    host.lines.remove("denied /home/ana/.ssh/authorized_keys2");
    host.lines.remove("absent /home/ana/.ssh/authorized_keys");
    host.absent("home/ana/.ssh");
    assert_eq!(whole(&host.read(), "web-1"), Vec::<&str>::new());
}

#[test]
fn without_a_listing_no_scope_is_proven_and_what_is_there_is_still_seen() {
    let mut host = Host::new("web-1");
    host.file("home/ana/.ssh/authorized_keys", format!("{}\n", key(1)));
    let mut tree = host.tree();
    tree.files.remove("web-1/files.txt");
    let read = read(&tree);
    assert_eq!(whole(&read, "web-1").len(), HostScope::ALL.len());
    assert!(read.gaps.iter().any(|gap| matches!(gap.cause, Cause::NotProven { .. })));
    assert_eq!(read.ids(AccessKind::SshKey).len(), 1);
}

#[test]
fn a_host_that_is_expected_and_missing_is_a_gap_and_one_too_many_is_a_notice() {
    let tree = Host::new("web-1").tree();
    let both = read_expecting("web-1\nweb-2 # new\n", &tree);
    assert!(both.gaps_of("hosts").iter().any(|gap| gap.part.as_deref() == Some("web-2")));
    assert_eq!(both.gaps_of("web-2/sudo").len(), 1);
    assert!(!both.seals.contains_key("web-2/sudo"));
    let exact = read_expecting("web-1\n", &tree);
    assert!(exact.is_whole("hosts"), "{:?}", exact.gaps);
    let other = read_expecting("web-2\n", &tree);
    assert!(other.notices.iter().any(|notice| notice.contains("web-1 has a folder")), "{:?}", other.notices);
    assert!(!read(&tree).is_whole("hosts"), "without a list nothing proves that no host is missing");
}
