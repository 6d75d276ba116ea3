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

#[test]
fn a_key_that_sshd_refuses_for_every_connection_is_switched_off_and_one_it_may_accept_is_not() {
    let id = format!("web-1/ana/{}", fingerprint(1));
    let status = |config: &str, line: &str| {
        let mut host = Host::new("web-1");
        host.file("etc/ssh/sshd_config", config);
        host.file("home/ana/.ssh/authorized_keys", line);
        host.absent("etc/ssh/revoked");
        host.read().get(&id).status
    };
    let plain = format!("{}\n", key(1));
    assert_eq!(status("UsePAM yes\n", &plain), Status::Enabled);
    assert_eq!(status("PubkeyAuthentication no\n", &plain), Status::Disabled);
    assert_eq!(status("Match Address 10.0.0.0/8\nPubkeyAuthentication no\n", &plain), Status::Enabled);
    assert_eq!(status("DenyUsers ana\n", &plain), Status::Disabled);
    assert_eq!(status("PermitRootLogin no\n", &plain), Status::Enabled);
    // Another line may mean that the refusal does not hold.
    assert_eq!(status("PubkeyAuthentication no\nNewKeyword yes\n", &plain), Status::Enabled);
    assert_eq!(status("", &format!("from=\"a\",from=\"b\" {plain}")), Status::Disabled);
    assert_eq!(status("", &format!("new-option {plain}")), Status::Unknown);
    assert_eq!(status("", &format!("expiry-time=\"20260731Z\" {plain}")), Status::Expired);
    assert_eq!(status("", &format!("expiry-time=\"20260802Z\" {plain}")), Status::Enabled);
    assert_eq!(
        status("", &format!("expiry-time=\"20260801\" {plain}")),
        Status::Enabled,
        "the zone of the server is not known"
    );
    assert_eq!(status("", &format!("principals=\"x\" {plain}")), Status::Disabled);
    // Two lines with one key: the more open one counts.
    assert_eq!(status("", &format!("expiry-time=\"20260731Z\" {plain}{plain}")), Status::Enabled);
    assert_eq!(status("RevokedKeys /etc/ssh/revoked\n", &plain), Status::Enabled);
}

#[test]
fn a_key_on_a_plain_list_of_revoked_keys_is_revoked_and_a_binary_list_leaves_it_open() {
    let id = format!("web-1/ana/{}", fingerprint(1));
    let mut host = Host::new("web-1");
    host.file("home/ana/.ssh/authorized_keys", format!("{}\n", key(1)));
    host.file("etc/ssh/sshd_config", "RevokedKeys /etc/ssh/revoked\n");
    host.file("etc/ssh/revoked", format!("{} old\n", key(1)));
    assert_eq!(host.read().get(&id).status, Status::Revoked);
    host.file("etc/ssh/revoked", format!("{} old\n", key(2)));
    assert_eq!(host.read().get(&id).status, Status::Enabled);
    host.file("etc/ssh/revoked", b"SSHKRL\n\0\0\0\0\x01");
    let read = host.read();
    assert_eq!(read.get(&id).status, Status::Enabled);
    assert!(read.notices.iter().any(|notice| notice.contains("binary revocation list")), "{:?}", read.notices);
}

#[test]
fn keys_of_a_command_are_a_gap_that_names_the_line() {
    let mut host = Host::new("web-1");
    host.file(
        "etc/ssh/sshd_config",
        "AuthorizedKeysCommand /usr/bin/keys %u\nAuthorizedPrincipalsCommand /usr/bin/principals\n",
    );
    let read = host.read();
    assert_eq!(whole(&read, "web-1"), ["authorized-keys", "principals"]);
    assert_eq!(read.gaps_of("web-1/authorized-keys")[0].part.as_deref(), Some("/etc/ssh/sshd_config:1"));
    host.file("etc/ssh/sshd_config", "AuthorizedKeysCommand none\nAuthorizedPrincipalsCommand none\n");
    assert!(whole(&host.read(), "web-1").is_empty());
}

#[test]
fn authorities_and_principals_are_listed() {
    let mut host = Host::new("web-1");
    host.file(
        "etc/ssh/sshd_config",
        "TrustedUserCAKeys /etc/ssh/ca.pub\nAuthorizedPrincipalsFile /etc/ssh/principals/%u\n",
    );
    host.file("etc/ssh/ca.pub", format!("{} ca@corp\n", key(9)));
    host.absent("etc/ssh/principals");
    host.lines.remove("absent /etc/ssh/principals");
    for name in ["root", "ben", "daemon"] {
        host.absent(&format!("etc/ssh/principals/{name}"));
    }
    host.file("etc/ssh/principals/ana", "ana\nfrom=\"10.0.0.1\" ops-team\n");
    host.file("home/ana/.ssh/authorized_keys", format!("cert-authority,principals=\"ana\" {}\n", key(8)));
    let read = host.read();
    assert!(whole(&read, "web-1").is_empty(), "{:#?}", read.gaps);
    let ids = read.ids(AccessKind::Certificate);
    let expected = [
        format!("web-1/ana/ca/{}", fingerprint(8)),
        "web-1/ana/principal/ana".into(),
        "web-1/ana/principal/ops-team".into(),
        format!("web-1/ca/{}", fingerprint(9)),
    ];
    assert_eq!(ids, expected);
    assert!(
        read.found
            .iter()
            .filter(|access| access.kind == AccessKind::Certificate)
            .all(|access| access.status == Status::Enabled)
    );
    host.file("etc/ssh/sshd_config", "AuthorizedPrincipalsFile /etc/ssh/principals/%u\n");
    assert_eq!(host.read().get("web-1/ana/principal/ana").status, Status::Disabled, "no authority, no certificate");
}

#[test]
fn sudo_makes_an_administrator_and_gives_a_right_of_its_own() {
    let mut host = Host::new("web-1");
    host.file("etc/sudoers", "@includedir /etc/sudoers.d\n%admin ALL=(ALL) ALL\n");
    host.file("etc/sudoers.d/ops", "%ops ALL=(ALL) NOPASSWD: ALL\ngone ALL=ALL\n");
    host.file("home/ana/.ssh/authorized_keys", format!("{}\n", key(1)));
    let read = host.read();
    assert!(whole(&read, "web-1").is_empty(), "{:#?}", read.gaps);
    let right = read.get("web-1/ana/sudo");
    assert_eq!((right.privilege, right.subtype), (Privilege::Admin, Some(scan_contract::Subtype::Sudo)));
    assert!(
        right.evidence.contains(&String::from("/etc/sudoers.d/ops:1"))
            && right.evidence.contains(&String::from("without a password"))
    );
    assert_eq!(read.get("web-1/ana").privilege, Privilege::Admin);
    assert_eq!(read.get(&format!("web-1/ana/{}", fingerprint(1))).privilege, Privilege::Admin);
    assert_eq!(read.get("web-1/gone/sudo").status, Status::Orphaned);
    host.file("etc/nsswitch.conf", "passwd: files sss\nsudoers: files sss\n");
    let read = host.read();
    assert_eq!(read.get("web-1/gone/sudo").status, Status::Unknown, "a directory may know the name");
    assert_eq!(whole(&read, "web-1"), ["accounts", "authorized-keys", "principals", "sudo"]);
}

#[test]
fn accounts_from_files_beside_etc_passwd_are_a_gap_and_those_the_manager_makes_up_are_none() {
    for other in ["extrausers", "altfiles", "db"] {
        for text in [format!("passwd: files {other}\ngroup: files\n"), format!("passwd: files\ngroup: {other} files\n")]
        {
            let mut host = Host::new("web-1");
            host.file("etc/nsswitch.conf", &text);
            let read = host.read();
            assert_eq!(whole(&read, "web-1"), ["accounts", "authorized-keys", "principals", "sudo"], "{text}");
            let gaps = read.gaps_of("web-1/accounts");
            assert!(
                matches!(&gaps[..], [gap] if matches!(&gap.cause, Cause::NotSupported { what } if what.contains(other))),
                "{text}: {gaps:?}"
            );
        }
    }
    let mut host = Host::new("web-1");
    host.file("etc/nsswitch.conf", "passwd: compat systemd\ngroup: files [success=merge] systemd\nshadow: files db\n");
    assert_eq!(whole(&host.read(), "web-1"), Vec::<&str>::new());
}

#[test]
fn sessions_of_one_account_and_client_are_one_record() {
    let mut host = Host::new("web-1");
    host.file(
        "who.txt",
        "# holdover-who 1\n# taken-at: 2026-08-01T00:28:00Z\n# time-zone: UTC\nana pts/0 2026-07-31 08:12 00:05 12 (10.0.0.5)\n\
         ana pts/1 2026-07-31 07:00 . 13 (10.0.0.6)\nana tty1 2026-07-31 09:00 old 14\nroot pts/2 2026-07-31 09:00 old 15 (198.51.100.7)\n# end 4\n",
    );
    let read = host.read();
    assert!(whole(&read, "web-1").is_empty(), "{:#?}", read.gaps);
    assert_eq!(
        read.ids(AccessKind::Session),
        ["web-1/ana/console/local", "web-1/ana/pts/private-address", "web-1/root/pts/public-address"]
    );
    let session = read.get("web-1/ana/pts/private-address");
    assert_eq!(session.client.as_deref(), Some("pts/private-address"));
    assert_eq!(
        session.created_at.known().map(|at| at.at.to_rfc3339()),
        Some(String::from("2026-07-31T07:00:00+00:00"))
    );
    assert_eq!(
        session.last_used_at.known().map(|at| at.at.to_rfc3339()),
        Some(String::from("2026-08-01T00:27:00+00:00"))
    );
    host.absent("who.txt");
    assert_eq!(whole(&host.read(), "web-1"), ["sessions"]);
}

#[test]
fn keys_that_sshd_does_not_read_are_remnants() {
    let mut host = Host::new("web-1");
    host.file("home/gone/.ssh/authorized_keys", format!("{}\n", key(4)));
    host.file("etc/ssh/sshd_config", "AuthorizedKeysFile /etc/ssh/keys/%u\n");
    host.file("home/ana/.ssh/authorized_keys", format!("{}\n", key(5)));
    for name in ["root", "ana", "ben", "daemon"] {
        host.absent(&format!("etc/ssh/keys/{name}"));
    }
    let read = host.read();
    assert!(whole(&read, "web-1").is_empty(), "{:#?}", read.gaps);
    assert_eq!(read.get(&format!("web-1/gone/{}", fingerprint(4))).status, Status::Orphaned);
    assert_eq!(read.get(&format!("web-1/ana/{}", fingerprint(5))).status, Status::Disabled);
    host.absent("etc/passwd");
    assert_eq!(
        host.read().get(&format!("web-1/gone/{}", fingerprint(4))).status,
        Status::Unknown,
        "nobody knows who is gone"
    );
}

#[test]
fn an_account_that_ended_closes_its_keys_and_a_locked_password_does_not() {
    let statuses = |config: &str, shadow: &str| {
        let mut host = Host::new("web-1");
        host.file("etc/ssh/sshd_config", config);
        host.file("home/ana/.ssh/authorized_keys", format!("{}\n", key(1)));
        host.file("shadow.txt", shadow);
        let read = host.read();
        assert!(whole(&read, "web-1").is_empty(), "{:#?}", read.gaps);
        (read.get("web-1/ana").status, read.get(&format!("web-1/ana/{}", fingerprint(1))).status)
    };
    let (open, off) = (Status::Enabled, Status::Disabled);
    assert_eq!(statuses("UsePAM yes\n", "ana:locked:\n"), (open, open));
    assert_eq!(statuses("UsePAM no\n", "ana:locked:\n"), (off, off));
    assert_eq!(statuses("UsePAM no\n", "ana:none:\n"), (open, open));
    assert_eq!(statuses("UsePAM yes\n", "ana:usable:20663\n"), (off, off), "two days before");
    assert_eq!(statuses("UsePAM yes\n", "ana:usable:20665\n"), (open, open), "that day is not over for every reader");
    assert_eq!(statuses("UsePAM yes\n", "ben:usable:20000\n"), (open, open));
}

#[test]
fn a_tree_that_is_older_than_the_configuration_says_speaks_for_its_own_time() {
    let mut host = Host::new("web-1");
    host.file("home/ana/.ssh/authorized_keys", format!("expiry-time=\"20260731Z\" {}\n", key(1)));
    let mut tree = host.tree();
    let listing = host.listing().replace("# host", "# taken-at: 2026-07-01T00:00:00Z\n# host");
    tree.files.insert(String::from("web-1/files.txt"), listing.into_bytes());
    assert_eq!(read(&tree).get(&format!("web-1/ana/{}", fingerprint(1))).status, Status::Enabled);
    assert_eq!(host.read().get(&format!("web-1/ana/{}", fingerprint(1))).status, Status::Expired);
}

/// A host with something in every scope.
fn busy() -> Host {
    let mut host = Host::new("web-1");
    host.file("etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\nTrustedUserCAKeys /etc/ssh/ca.pub\n");
    host.file("etc/ssh/sshd_config.d/10.conf", "AuthorizedPrincipalsFile .ssh/principals\n");
    host.file("etc/ssh/ca.pub", format!("{} ca\n", key(9)));
    host.file("etc/sudoers", "@includedir /etc/sudoers.d\n");
    host.file("etc/sudoers.d/ops", "%ops ALL=(ALL) ALL\n");
    host.file("home/ana/.ssh/authorized_keys", format!("{} a\n{} b\n", key(1), key(2)));
    host.file("home/ana/.ssh/principals", "ana\n");
    for home in ["root", "home/ben", "nonexistent"] {
        host.absent(&format!("{home}/.ssh/principals"));
    }
    host
}

#[test]
fn a_file_that_was_cut_at_any_byte_leaves_a_gap() {
    let host = busy();
    assert!(whole(&host.read(), "web-1").is_empty(), "{:#?}", host.read().gaps);
    let tree = host.tree();
    for (path, bytes) in &tree.files {
        for cut in 0..bytes.len() {
            let mut damaged = tree.clone();
            damaged.files.insert(path.clone(), bytes[..cut].to_vec());
            let read = read(&damaged);
            // The last byte of the list of files is the end of its last line; without it the line is still whole.
            assert!(!whole(&read, "web-1").is_empty(), "{path} cut at {cut} of {} must show", bytes.len());
        }
    }
}

#[test]
fn a_file_that_is_missing_unreadable_or_a_link_outside_leaves_a_gap() {
    let tree = busy().tree();
    for path in tree.files.keys() {
        let mut missing = tree.clone();
        missing.files.remove(path);
        assert!(!whole(&read(&missing), "web-1").is_empty(), "{path} missing must show");
        let mut denied = tree.clone();
        denied.denied.insert(path.clone());
        assert!(!whole(&read(&denied), "web-1").is_empty(), "{path} denied must show");
        let mut link = tree.clone();
        link.links.insert(path.clone());
        assert!(!whole(&read(&link), "web-1").is_empty(), "{path} as a link outside must show");
    }
    let mut folder = tree.clone();
    folder.denied.insert(String::from("web-1/home"));
    assert!(!whole(&read(&folder), "web-1").is_empty());
}

#[test]
fn a_line_that_the_list_of_files_lost_leaves_a_gap() {
    let host = busy();
    let listing = host.listing();
    let lines: Vec<&str> = listing.lines().filter(|line| !line.starts_with('#')).collect();
    for lost in &lines {
        // Without version and count, as another collector may write it.
        if lost.ends_with("/etc/hostname") || lost.ends_with("/etc/nsswitch.conf") {
            continue;
        }
        let kept: String = lines.iter().filter(|line| line != &lost).flat_map(|line| [line, "\n"]).collect();
        let mut tree = host.tree();
        tree.files.insert(String::from("web-1/files.txt"), kept.into_bytes());
        assert!(!whole(&read(&tree), "web-1").is_empty(), "{lost} lost must show");
    }
}

#[test]
fn a_hostile_tree_is_read_to_its_end() {
    let mut host = busy();
    host.file(
        "etc/passwd",
        "root:x:0:0::/root:/bin/sh\nx\x1b[31m:x:1:1::/h:/bin/sh\n../../etc:x:1:1::/h:/bin/sh\nana:x:1001:1001:\x1b]0;pwn\x07:/home/../../../etc:/bin/sh\n\
         %u%h:x:5:5::/%u/%h:/bin/sh\n",
    );
    host.file("etc/sudoers", "\u{202e}ALL ALL=ALL\nana ALL=(ALL) ALL\n");
    let read = host.read();
    assert!(!read.is_whole("web-1/authorized-keys"), "a home that climbs out of the root cannot be read");
    assert_eq!(read.get("web-1/ana/sudo").status, Status::Enabled);
    assert!(read.ids(AccessKind::Account).iter().all(|id| !id.contains('\u{1b}') && id.matches('/').count() == 1));
}

#[test]
fn a_name_in_a_listing_of_another_host_is_the_wrong_system() {
    let mut tree = Host::new("web-1").tree();
    let moved: Vec<(String, Vec<u8>)> =
        tree.files.iter().map(|(path, bytes)| (path.replace("web-1/", "db-1/"), bytes.clone())).collect();
    tree.files = moved.into_iter().collect();
    let read = read(&tree);
    assert!(
        read.gaps_of("db-1/sudo").iter().any(|gap| matches!(gap.cause, Cause::WrongSystem { .. })),
        "{:?}",
        read.gaps
    );
}
