//! A file that the collector could not read, beside others in a folder or pattern: it may hold anything.

use scan_contract::{Cause, Status};

use crate::testing::{Host, Read, key};

/// Whether a scope has a gap that names the file which was refused.
fn names(read: &Read, scope: &str, path: &str) -> bool {
    read.gaps_of(scope).iter().any(|gap| {
        gap.part.as_deref() == Some(path)
            && matches!(&gap.cause, Cause::Denied { permission } if permission.contains(path))
    })
}

#[test]
fn a_denied_file_beside_others_in_an_included_pattern_is_a_gap_and_closes_nothing() {
    let mut host = Host::new("web-1");
    host.file("etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\nPubkeyAuthentication no\n");
    host.file("etc/ssh/sshd_config.d/60-x.conf", "PermitRootLogin no\n");
    host.file("home/ana/.ssh/authorized_keys", format!("{}\n", key(1)));
    let status = |read: &Read| {
        read.found.iter().find(|access| access.kind == scan_contract::AccessKind::SshKey).map(|access| access.status)
    };
    let twin = host.read();
    assert!(twin.is_whole("web-1/authorized-keys"), "{:?}", twin.gaps);
    assert_eq!(status(&twin), Some(Status::Disabled));

    host.denied("etc/ssh/sshd_config.d/50-cloud-init.conf");
    let read = host.read();
    assert!(names(&read, "web-1/authorized-keys", "/etc/ssh/sshd_config.d/50-cloud-init.conf"), "{:?}", read.gaps);
    assert_ne!(status(&read), Some(Status::Disabled), "the file that was not read may allow keys");
    assert!(status(&read).is_some());
}

#[test]
fn a_denied_file_that_the_pattern_does_not_match_is_no_gap() {
    let mut host = Host::new("web-1");
    host.file("etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n");
    host.file("etc/ssh/sshd_config.d/60-x.conf", "PermitRootLogin no\n");
    host.denied("etc/ssh/sshd_config.d/50-cloud-init.conf.bak");
    let read = host.read();
    assert!(read.is_whole("web-1/authorized-keys"), "{:?}", read.gaps);
}

#[test]
fn a_denied_file_in_sudoers_d_is_a_gap_and_one_that_sudo_skips_is_not() {
    let mut host = Host::new("web-1");
    host.file("etc/sudoers", "root ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n");
    host.file("etc/sudoers.d/10-ops", "ben ALL=ALL\n");
    host.denied("etc/sudoers.d/20-old.bak");
    let twin = host.read();
    assert!(twin.is_whole("web-1/sudo"), "{:?}", twin.gaps);
    host.denied("etc/sudoers.d/20-cloud");
    let read = host.read();
    assert!(names(&read, "web-1/sudo", "/etc/sudoers.d/20-cloud"), "{:?}", read.gaps);
    assert!(read.found.iter().any(|access| access.grant_id.as_str() == "web-1/ben/sudo"));
}

#[test]
fn a_denied_file_or_folder_below_a_pattern_of_key_files_is_a_gap() {
    let mut host = Host::new("web-1");
    host.file("etc/ssh/sshd_config", "AuthorizedKeysFile /keys/*/%u\nUsePAM yes\n");
    host.file("keys/a/ana", format!("{}\n", key(1)));
    for name in ["root", "ben", "daemon"] {
        host.absent(&format!("keys/*/{name}"));
    }
    for home in ["root", "home/ana", "home/ben", "nonexistent"] {
        host.lines.remove(&format!("absent /{home}/.ssh/authorized_keys"));
        host.lines.remove(&format!("absent /{home}/.ssh/authorized_keys2"));
    }
    let twin = host.read();
    assert!(twin.is_whole("web-1/authorized-keys"), "{:?}", twin.gaps);
    let mut file = host.clone();
    file.denied("keys/b/ana");
    let read = file.read();
    assert!(names(&read, "web-1/authorized-keys", "/keys/b/ana"), "{:?}", read.gaps);
    host.denied("keys/b");
    let read = host.read();
    assert!(
        read.gaps_of("web-1/authorized-keys").iter().any(|gap| matches!(&gap.cause, Cause::Denied { .. })),
        "{:?}",
        read.gaps
    );
}
