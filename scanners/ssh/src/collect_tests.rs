//! The collector: what it writes is whole for the scanner.

#![expect(clippy::disallowed_methods, reason = "the collector is a program of its own")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use scan_contract::{AccessKind, Cause, DiskDocuments, Status};

use crate::scopes::HostScope;
use crate::testing::{Folder, GROUP, Memory, PASSWD, Read, key, read_documents, settings};

fn collect(out: &Path, name: &str, root: Option<&Path>) -> bool {
    let mut command = Command::new("sh");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/collect.sh")).args(["-n", name]);
    if let Some(root) = root {
        command.arg("-r").arg(root);
    }
    let output = command.arg(out).output().expect("a shell is everywhere");
    output.status.success()
}

fn scan(out: &Path) -> Read {
    let tree = DiskDocuments::tree(out).expect("the tree opens");
    read_documents(settings(), Arc::new(Memory::default()), Arc::new(tree))
}

/// A root file system with a bit of everything.
fn root() -> Folder {
    let root = Folder::new("collect-root");
    for (path, text) in [
        ("etc/passwd", format!("{PASSWD}old:$6$s3cret:1003:1003::/home/old:/bin/sh\n")),
        ("etc/group", String::from(GROUP)),
        ("etc/shadow", String::from("ana:!$6$s3cret:19000:0:99999:7:::\nben:$6$s3cret:19000:0:99999:7::20300:\n")),
        ("etc/hostname", String::from("web-1\n")),
        ("etc/nsswitch.conf", String::from("passwd: files\ngroup: files\n")),
        (
            "etc/ssh/sshd_config",
            String::from(
                "UsePAM yes\nInclude sshd_config.d/*.conf /etc/ssh/none/*.conf\nMatch User ben\n  AuthorizedKeysFile = \"/srv/keys of/%u\" # his\n",
            ),
        ),
        (
            "etc/ssh/sshd_config.d/10.conf",
            String::from(
                "TrustedUserCAKeys /etc/ssh/ca.pub\nAuthorizedPrincipalsFile /etc/ssh/principals/%u\nInclude more/*\n",
            ),
        ),
        ("etc/ssh/more/20", String::from("RevokedKeys /etc/ssh/revoked\n")),
        ("etc/ssh/ca.pub", format!("{}\n", key(9))),
        ("etc/ssh/principals/ana", String::from("ana\n")),
        (
            "etc/sudoers",
            String::from("@includedir /etc/sudoers.d\n@include sudoers.local\n@includedir /etc/sudoers.empty\n"),
        ),
        ("etc/sudoers.d/ops", String::from("@include /etc/deep/er\n%ops ALL=(ALL) ALL\n")),
        ("etc/deep/er", String::from("Defaults env_reset\n")),
        ("etc/sudoers.local", String::from("ben ALL=(ALL) ALL\n")),
        ("home/ana/.ssh/authorized_keys", format!("{} ana\n", key(1))),
        ("srv/keys of/ben", format!("{} ben\n", key(2))),
    ] {
        root.write(path, text.as_bytes());
    }
    std::fs::create_dir_all(root.0.join("etc/sudoers.empty")).expect("an empty folder");
    root
}

#[test]
fn what_the_collector_writes_is_whole_for_the_scanner() {
    let (root, out) = (root(), Folder::new("collect-out"));
    assert!(collect(&out.0, "web-1", Some(&root.0)));
    let read = scan(&out.0);
    for scope in HostScope::ALL {
        let name = format!("web-1/{}", scope.as_str());
        // `who` is asked on this machine and may not be there.
        if scope != HostScope::Sessions {
            assert!(read.is_whole(&name), "{name}: {:#?}", read.gaps_of(&name));
        }
    }
    assert_eq!(read.ids(AccessKind::SshKey).len(), 2);
    assert_eq!(read.ids(AccessKind::RoleBinding), ["web-1/ana/sudo", "web-1/ben/sudo"]);
    assert_eq!(read.get("web-1/ana/principal/ana").status, Status::Enabled);
    let passwd = std::fs::read_to_string(out.0.join("web-1/etc/passwd")).expect("a copy");
    assert!(passwd.contains("old:x:1003") && !passwd.contains("s3cret"), "hashes stay on the host");
    let shadow = std::fs::read_to_string(out.0.join("web-1/shadow.txt")).expect("an extract");
    assert_eq!(shadow, "# holdover-shadow 1\nana:locked:\nben:usable:20300\n# end 2\n");
    assert_eq!(read.get("web-1/ben").status, Status::Disabled, "his account has ended");
    assert!(!collect(&out.0, "web-1", Some(&root.0)), "a folder that is there is never overwritten");
}

#[test]
fn a_path_that_the_collector_did_not_look_for_leaves_a_gap() {
    let (root, out) = (root(), Folder::new("collect-gap"));
    assert!(collect(&out.0, "web-1", Some(&root.0)));
    let list = out.0.join("web-1/files.txt");
    let text = std::fs::read_to_string(&list).expect("a listing");
    let kept: String = text
        .lines()
        .filter(|line| !line.contains("/srv/keys of/ben") && !line.starts_with('#'))
        .flat_map(|line| [line, "\n"])
        .collect();
    std::fs::write(&list, kept).expect("written");
    std::fs::remove_file(out.0.join("web-1/srv/keys of/ben")).expect("removed");
    let read = scan(&out.0);
    assert!(read.gaps_of("web-1/authorized-keys").iter().any(|gap| gap.part.as_deref() == Some("/srv/keys of/ben")));
}

#[test]
fn this_machine_is_collected_and_read() {
    let out = Folder::new("collect-here");
    assert!(collect(&out.0, "here", None));
    let read = scan(&out.0);
    assert!(read.ids(AccessKind::Account).contains(&"here/root"));
    // What this user may not read is denied, and nothing is malformed.
    for gap in read.gaps_of("here/accounts") {
        assert!(
            !matches!(gap.cause, Cause::NotInSource { .. } | Cause::DigestDiffers { .. } | Cause::CutOff { .. }),
            "{gap:?}"
        );
    }
    assert!(read.seals.contains_key("here/sessions"));
}

#[test]
fn a_link_that_leads_out_of_the_tree_is_a_gap_and_its_target_is_not_read() {
    let (root, out, outside) = (root(), Folder::new("collect-link"), Folder::new("collect-outside"));
    assert!(collect(&out.0, "web-1", Some(&root.0)));
    let keys = out.0.join("web-1/home/ana/.ssh/authorized_keys");
    let target = outside.write("authorized_keys", &std::fs::read(&keys).expect("a copy"));
    std::fs::remove_file(&keys).expect("removed");
    std::os::unix::fs::symlink(target, &keys).expect("a link");
    let read = scan(&out.0);
    let gaps = read.gaps_of("web-1/authorized-keys");
    assert!(gaps.iter().any(|gap| gap.part.as_deref() == Some("/home/ana/.ssh/authorized_keys")), "{gaps:?}");
    assert_eq!(read.ids(AccessKind::SshKey).len(), 1, "only the key of ben");
}

#[test]
fn a_folder_that_the_collector_may_not_search_below_a_pattern_is_denied_and_a_gap() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::os::unix::process::CommandExt as _;
    let root = Folder::new("collect-closed-root");
    root.write("etc/passwd", PASSWD.as_bytes());
    root.write("etc/ssh/sshd_config", b"UsePAM yes\nAuthorizedKeysFile /keys/*/%u\n");
    root.write("keys/a/ana", format!("{}\n", key(1)).as_bytes());
    root.write("keys/b/ben", format!("{}\n", key(2)).as_bytes());
    let script = root.write("collect.sh", include_bytes!("../collect.sh"));
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("the mode is ours to set");
    };
    for (closed, gaps) in [(0o755, false), (0o000, true)] {
        let out = Folder::new(&format!("collect-closed-{closed}"));
        mode(&out.0, 0o777);
        mode(&root.0.join("keys/b"), closed);
        let mut command = Command::new("sh");
        command.arg(&script).args(["-n", "web-1", "-r"]).arg(&root.0).arg(&out.0);
        // The superuser may search everything.
        if std::fs::metadata(&out.0).is_ok_and(|own| own.uid() == 0) {
            command.uid(1).gid(1);
        }
        let output = command.output().expect("a shell is everywhere");
        mode(&root.0.join("keys/b"), 0o755);
        let listing = std::fs::read_to_string(out.0.join("web-1/files.txt"))
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        assert_eq!(listing.contains("denied /keys/b\n"), gaps, "{listing}");
        let read = scan(&out.0);
        let denied = read
            .gaps_of("web-1/authorized-keys")
            .into_iter()
            .any(|gap| matches!(&gap.cause, Cause::Denied { permission } if permission.contains("/keys/b")));
        assert_eq!(denied, gaps, "{listing}");
    }
}
