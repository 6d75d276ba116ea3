//! OpenSSH itself as the judge: `ssh-keygen` for keys, `sshd -T` for configuration, `visudo` and `sudo`
//! for sudoers.
//!
//! On a machine without these programs the tests say SKIPPED; with `CI` set they fail instead.

#![expect(clippy::disallowed_methods, reason = "the judge is a program of its own, and CI is told by the environment")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};

use crate::keys::{AuthorizedLine, parse_authorized_keys};
use crate::passwd::People;
use crate::settings::Limits;
use crate::sshd::{Subject, effective, read_config};
use crate::testing::{Folder, Host, base64, key};
use crate::tree::HostTree;

/// Where a program lies; a test that needs it fails in CI and says so elsewhere.
fn program(name: &str) -> Option<PathBuf> {
    let found = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"]
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.exists());
    if found.is_none() {
        assert!(std::env::var("CI").is_err(), "{name} must be installed where CI is set");
        eprintln!("SKIPPED: no {name}");
    }
    found
}

fn run(program: &Path, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).env("LC_ALL", "C").output().expect("the program starts")
}

/// Fingerprints that `ssh-keygen -l` prints for a file.
fn fingerprints(keygen: &Path, file: &Path) -> BTreeSet<String> {
    let output = run(keygen, &["-l", "-f", file.to_str().expect("a path")]);
    String::from_utf8_lossy(&output.stdout)
        .split_whitespace()
        .filter(|word| word.starts_with("SHA256:"))
        .map(str::to_owned)
        .collect()
}

fn ours(bytes: &[u8]) -> BTreeSet<String> {
    parse_authorized_keys(bytes)
        .into_iter()
        .filter_map(|line| match line {
            AuthorizedLine::Key(key) => Some(key.key.fingerprint.as_str().to_owned()),
            AuthorizedLine::Unreadable { .. } => None,
        })
        .collect()
}

fn strings(fields: &[&[u8]]) -> Vec<u8> {
    let mut blob = Vec::new();
    for field in fields {
        blob.extend_from_slice(&u32::try_from(field.len()).expect("short").to_be_bytes());
        blob.extend_from_slice(field);
    }
    blob
}

/// One key of every type that OpenSSH makes, and hardware keys built by hand.
fn every_key(keygen: &Path, folder: &Folder) -> Vec<String> {
    let mut keys = Vec::new();
    for (name, arguments) in [
        ("rsa", &["-t", "rsa", "-b", "2048"][..]),
        ("p256", &["-t", "ecdsa", "-b", "256"]),
        ("p384", &["-t", "ecdsa", "-b", "384"]),
        ("p521", &["-t", "ecdsa", "-b", "521"]),
        ("ed", &["-t", "ed25519"]),
        ("dsa", &["-t", "dsa"]),
    ] {
        let path = folder.0.join(name);
        let mut all = vec!["-q", "-N", "", "-C", "a comment", "-f", path.to_str().expect("a path")];
        all.extend(arguments);
        let made = run(keygen, &all);
        // DSA is gone from OpenSSH 10.
        if made.status.success() {
            keys.push(std::fs::read_to_string(path.with_extension("pub")).expect("a public key").trim().to_owned());
        } else {
            assert_eq!(name, "dsa", "{}", String::from_utf8_lossy(&made.stderr));
        }
    }
    let ed = folder.0.join("ed");
    let signed = run(
        keygen,
        &[
            "-q",
            "-s",
            ed.to_str().expect("a path"),
            "-I",
            "id",
            "-n",
            "ana",
            folder.0.join("p256.pub").to_str().expect("a path"),
        ],
    );
    assert!(signed.status.success(), "{}", String::from_utf8_lossy(&signed.stderr));
    keys.push(std::fs::read_to_string(folder.0.join("p256-cert.pub")).expect("a certificate").trim().to_owned());
    let sk = strings(&[b"sk-ssh-ed25519@openssh.com", &[7; 32], b"ssh:"]);
    keys.push(format!("sk-ssh-ed25519@openssh.com {}", base64(&sk)));
    keys
}

/// Public keys of every type, always the same: with keys made anew, the same damage would never happen twice.
fn kept_keys() -> Vec<&'static str> {
    let keys: Vec<&str> =
        include_str!("oracle_keys.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert_eq!(keys.len(), 8);
    keys
}

#[test]
fn every_type_of_key_has_the_fingerprint_that_ssh_keygen_prints() {
    let Some(keygen) = program("ssh-keygen") else { return };
    let folder = Folder::new("types");
    let keys = every_key(&keygen, &folder);
    assert!(keys.len() >= 7);
    for (index, key) in keys.iter().enumerate() {
        let file = folder.write(&format!("key-{index}"), format!("{key}\n").as_bytes());
        let judged = fingerprints(&keygen, &file);
        assert_eq!(judged.len(), 1, "ssh-keygen reads {key}");
        assert_eq!(ours(format!("{key}\n").as_bytes()), judged, "{key}");
        // The same key in the hands of another library.
        if let Ok(other) = ssh_key::PublicKey::from_openssh(key) {
            assert_eq!(judged, BTreeSet::from([other.fingerprint(ssh_key::HashAlg::Sha256).to_string()]));
        }
    }
}

#[test]
fn what_ssh_keygen_accepts_of_damaged_key_files_is_listed() {
    let Some(keygen) = program("ssh-keygen") else { return };
    let folder = Folder::new("damage");
    let keys = kept_keys();
    let prefixes = [
        "",
        " ",
        "\t ",
        "restrict ",
        "no-pty,from=\"10.0.0.0/8, a\" ",
        "command=\"echo \\\"x y\\\"\" ",
        "cert-authority,principals=\"a,b\" ",
        "environment=\"A=b c\",expiry-time=\"20300101\" ",
        "unknown-option ",
        "# ",
        "permitopen=\"h:22\",tunnel=\"0\"\t",
    ];
    let suffixes = ["", " ana@laptop", "\r", " \r", "\t two words", "  ", " #x"];
    let line = (
        0..keys.len(),
        0..prefixes.len(),
        0..suffixes.len(),
        proptest::option::of((any::<prop::sample::Index>(), any::<u8>())),
    )
        .prop_map(|(key, prefix, suffix, damage)| {
            let mut line = format!("{}{}{}", prefixes[prefix], keys[key], suffixes[suffix]).into_bytes();
            if let Some((at, byte)) = damage {
                let at = at.index(line.len());
                line[at] = byte;
            }
            line
        });
    let file = proptest::collection::vec(line, 1..25).prop_map(|lines| [lines.join(&b'\n'), b"\n".to_vec()].concat());
    let mut runner = TestRunner::new(Cases { cases: 60, failure_persistence: None, ..Cases::default() });
    let seen = std::cell::Cell::new(0);
    runner
        .run(&file, |bytes| {
            let judged = fingerprints(&keygen, &folder.write("authorized_keys", &bytes));
            seen.set(seen.get() + judged.len());
            let found = ours(&bytes);
            let missed: Vec<_> = judged.difference(&found).collect();
            prop_assert!(missed.is_empty(), "missed {missed:?} in {}", String::from_utf8_lossy(&bytes));
            Ok(())
        })
        .expect("nothing that OpenSSH reads is skipped");
    assert!(seen.get() > 200, "the judge accepted {} keys: the test must not be empty", seen.get());
}

#[test]
fn the_parser_of_key_files_ends_on_any_bytes() {
    let pieces = prop_oneof![
        Just(format!("{} x", key(3)).into_bytes()),
        Just(b"restrict,command=\"".to_vec()),
        Just(b"ssh-rsa AAAAB3NzaC1yc2E=".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\\\"\\".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..40),
    ];
    let mut runner = TestRunner::new(Cases { cases: 2_000, failure_persistence: None, ..Cases::default() });
    runner
        .run(&proptest::collection::vec(pieces, 0..30), |pieces| {
            let bytes = pieces.concat();
            let lines = parse_authorized_keys(&bytes).len();
            prop_assert!(lines <= bytes.split(|byte| *byte == b'\n').count());
            Ok(())
        })
        .expect("no bytes make it panic");
}

/// What `sshd -T` prints for one user and address, by keyword.
fn judged(sshd: &Path, folder: &Folder, config: &Path, user: &str, address: &str) -> Option<Vec<(String, String)>> {
    let host_key = folder.0.join("host");
    let test = format!("user={user},host=h.example,addr={address},laddr=10.9.9.9,lport=22");
    let output = run(
        sshd,
        &["-T", "-f", config.to_str().expect("a path"), "-h", host_key.to_str().expect("a path"), "-C", &test],
    );
    if !output.status.success() {
        return None;
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(
        text.lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(word, rest)| (word.to_owned(), rest.to_owned()))
            .collect(),
    )
}

const SHOWN: [(&str, &str); 8] = [
    ("authorizedkeysfile", ".ssh/authorized_keys .ssh/authorized_keys2"),
    ("authorizedprincipalsfile", "none"),
    ("trustedusercakeys", "none"),
    ("revokedkeys", "none"),
    ("pubkeyauthentication", "yes"),
    ("permitrootlogin", "without-password"),
    ("authenticationmethods", "any"),
    ("authorizedkeyscommand", "none"),
];

fn config_lines() -> impl Strategy<Value = String> {
    let set = prop_oneof![
        Just("AuthorizedKeysFile .ssh/a \"/etc/ssh/my keys/%u\" # two"),
        Just("authorizedkeysfile=/srv/keys/%h/%u"),
        Just("AuthorizedKeysFile none"),
        Just("  AuthorizedPrincipalsFile   /etc/ssh/principals/%u"),
        Just("TrustedUserCAKeys /etc/ssh/ca.pub"),
        Just("TrustedUserCAKeys none"),
        Just("RevokedKeys /etc/ssh/revoked"),
        Just("PubkeyAuthentication no"),
        Just("PUBKEYAUTHENTICATION YES"),
        Just("PermitRootLogin prohibit-password"),
        Just("PermitRootLogin \"no\""),
        Just("PermitRootLogin forced-commands-only"),
        Just("AuthenticationMethods publickey,password publickey,keyboard-interactive"),
        Just("AllowUsers root d*"),
        Just("AllowUsers nobody@10.0.0.0/8"),
        Just("DenyUsers daemon"),
        Just("DenyUsers no*"),
        Just("X11Forwarding no"),
    ];
    let condition = prop_oneof![
        Just("Match User root"),
        Just("Match User *,!root"),
        Just("Match user d*,nobody Group daemon"),
        Just("match Group daemon,root"),
        Just("Match Group *,!daemon"),
        Just("Match Address 10.0.0.0/8"),
        Just("Match User daemon Address 10.0.0.0/8"),
        Just("Match Host *.example LocalPort 22"),
        Just("Match all"),
    ];
    let include = prop_oneof![Just("Include first.conf"), Just("Include first.conf second.conf")];
    let line = prop_oneof![12 => set, 4 => condition, 1 => include];
    proptest::collection::vec(line, 0..14).prop_map(|lines| lines.join("\n") + "\n")
}

/// The config as sshd of this machine reads it, and as we read it from a tree.
fn both_ways(folder: &Folder, texts: &[String; 3]) -> (PathBuf, Host) {
    let [main, first, second] = texts;
    let place =
        |text: &str| text.replace("Include first.conf", &format!("Include {}", folder.0.join("first.conf").display()));
    let place =
        |text: &str| place(text).replace(" second.conf", &format!(" {}", folder.0.join("second.conf").display()));
    let (first, second) = (first.replace("Include", "#"), second.replace("Include", "#"));
    folder.write("first.conf", first.as_bytes());
    folder.write("second.conf", second.as_bytes());
    let path = folder.write("sshd_config", place(main).as_bytes());
    let mut host = Host::new("web-1");
    host.file("etc/ssh/sshd_config", place(main));
    for (name, text) in [("first.conf", first), ("second.conf", second)] {
        host.file(folder.0.join(name).to_str().expect("a path").trim_start_matches('/'), text);
    }
    (path, host)
}

#[test]
fn the_configuration_means_what_sshd_says_it_means() {
    let (Some(sshd), Some(keygen)) = (program("sshd"), program("ssh-keygen")) else { return };
    let folder = Folder::new("config");
    let host_key = folder.0.join("host");
    assert!(
        run(&keygen, &["-q", "-t", "ed25519", "-N", "", "-f", host_key.to_str().expect("a path")]).status.success()
    );
    if std::fs::create_dir_all("/run/sshd").is_err()
        || judged(&sshd, &folder, &folder.write("empty", b""), "root", "10.0.0.1").is_none()
    {
        assert!(std::env::var("CI").is_err(), "sshd -T must work where CI is set");
        eprintln!("SKIPPED: sshd -T does not work here");
        return;
    }
    let mut people = People::default();
    let passwd = std::fs::read("/etc/passwd").expect("this machine's accounts");
    people.read_passwd(&passwd);
    people.read_group(&std::fs::read("/etc/group").expect("this machine's groups"));
    let mut runner = TestRunner::new(Cases { cases: 60, failure_persistence: None, ..Cases::default() });
    let checked = std::cell::Cell::new(0);
    runner
        .run(&(config_lines(), config_lines(), config_lines()), |(main, first, second)| {
            let texts = [main, first, second];
            let (path, host) = both_ways(&folder, &texts);
            let memory = host.tree();
            let tree = HostTree::open(&memory, "web-1", &Limits::default());
            let config = read_config(&tree);
            prop_assert!(config.problems.is_empty(), "{:?}", config.problems);
            let on_connection = texts.iter().any(|text| text.contains("Address") || text.contains("Host"));
            for name in ["root", "daemon", "nobody"] {
                let Some(found) = people.accounts.get(name) else { continue };
                let subject = Subject {
                    account: found,
                    groups: people.groups_of(found),
                    all_groups_known: true,
                    groups_proven: true,
                };
                let rules = effective(&config, &subject);
                for address in ["10.0.0.1", "192.0.2.1"] {
                    let Some(judge) = judged(&sshd, &folder, &path, name, address) else { continue };
                    checked.set(checked.get() + 1);
                    for (keyword, default) in SHOWN {
                        let said =
                            judge.iter().find(|(word, _)| word == keyword).map_or(default, |(_, value)| value.as_str());
                        let said = said.to_lowercase();
                        let mine: BTreeSet<String> = rules
                            .values(keyword)
                            .iter()
                            .map(|choice| {
                                choice.as_ref().map_or(default.to_owned(), |choice| choice.arguments.join(" "))
                            })
                            .map(|value| value.to_lowercase().replace("prohibit-password", "without-password"))
                            .collect();
                        prop_assert!(
                            mine.contains(&said),
                            "{name} {address} {keyword}: sshd {said:?}, we {mine:?}\n{texts:#?}"
                        );
                        prop_assert!(
                            on_connection || mine.len() == 1,
                            "{name} {keyword}: {mine:?} without a condition on the connection"
                        );
                    }
                    let list = |keyword: &str| -> Vec<&str> {
                        judge.iter().filter(|(word, _)| word == keyword).map(|(_, value)| value.as_str()).collect()
                    };
                    let named = |entry: &&str| {
                        let (user, from) = entry.split_once('@').unwrap_or((entry, ""));
                        crate::pattern::matches(name, user) && (from.is_empty() || address.starts_with("10."))
                    };
                    let allow = list("allowusers");
                    let refused =
                        list("denyusers").iter().any(named) || (!allow.is_empty() && !allow.iter().any(named));
                    prop_assert!(
                        refused || rules.refused.is_none(),
                        "{name} {address}: sshd lets in, we say {:?}\n{texts:#?}",
                        rules.refused
                    );
                    let sure = !on_connection && !texts.iter().any(|text| text.contains('@'));
                    prop_assert!(
                        !sure || refused == rules.refused.is_some(),
                        "{name}: sshd refuses {refused}, we {:?}\n{texts:#?}",
                        rules.refused
                    );
                }
            }
            Ok(())
        })
        .expect("sshd agrees");
    assert!(checked.get() > 100, "sshd judged {}", checked.get());
}

#[test]
fn visudo_accepts_the_rules_that_the_tests_of_sudoers_rely_on() {
    let Some(visudo) = program("visudo") else { return };
    let folder = Folder::new("sudoers");
    let file = folder.write("sudoers", crate::sudo::ACCEPTED.as_bytes());
    let output = run(&visudo, &["-c", "-f", file.to_str().expect("a path")]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Whether real sudo lets `daemon` run a command by these rules, in a mount namespace of its own. `None` where this
/// machine has no sudo, or the test may not mount.
fn sudo_lets(rules: &str, run_as: &str, words: &[&str]) -> Option<bool> {
    let (sudo, unshare) = (program("sudo")?, program("unshare")?);
    let folder = Folder::new("real-sudo");
    let file = folder.write("sudoers", rules.as_bytes());
    let script = "mount --bind \"$1\" /etc/sudoers && chown 0:0 /etc/sudoers && chmod 0440 /etc/sudoers || exit 77\n\
                  sudo=$2 run_as=$3; shift 3; exec \"$sudo\" -n -l -U daemon -u \"$run_as\" \"$@\"";
    let mut arguments = vec!["-m", "sh", "-c", script, "sh", file.to_str()?, sudo.to_str()?, run_as];
    arguments.extend(words);
    match run(&unshare, &arguments).status.code() {
        Some(0) => Some(true),
        Some(1) if rules_are_fine(rules) => Some(false),
        code => {
            assert!(std::env::var("CI").is_err(), "sudo must be asked where CI is set, and ended with {code:?}");
            eprintln!("SKIPPED: sudo cannot be asked here ({code:?})");
            None
        }
    }
}

fn rules_are_fine(rules: &str) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let Some(visudo) = program("visudo") else { return false };
    let folder = Folder::new("real-visudo");
    let file = folder.write("sudoers", rules.as_bytes());
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    root && run(&visudo, &["-c", "-f", file.to_str().expect("a path")]).status.success()
}

#[test]
fn what_sudo_lets_an_account_run_is_a_right_here_and_what_its_rules_take_is_none() {
    for (rules, run_as, words, lets) in [
        ("daemon ALL = /usr/bin/id [!-]*, !/usr/bin/id *root*\n", "root", &["/usr/bin/id", "bin"][..], true),
        ("daemon ALL = /usr/bin/id\ndaemon ALL = !/usr/bin/id \"\"\n", "root", &["/usr/bin/id", "bin"], true),
        ("daemon ALL = /usr/bin/id, (nobody) !/usr/bin/id\n", "root", &["/usr/bin/id"], true),
        ("daemon ALL = (ALL) ALL\ndaemon ALL = !ALL\n", "nobody", &["/usr/bin/id"], true),
        ("daemon ALL = /usr/bin/id, NOTAFTER=20200101000000Z !/usr/bin/id\n", "root", &["/usr/bin/id"], true),
        (
            "daemon ALL = /usr/bin/id, sha256:aGVsbG8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= !/usr/bin/id\n",
            "root",
            &["/usr/bin/id"],
            true,
        ),
        ("User_Alias OTHERS = !daemon\n!OTHERS ALL = /usr/bin/id\n", "root", &["/usr/bin/id"], true),
        ("Cmnd_Alias SOME = ALL, !/usr/bin/id\ndaemon ALL = !SOME\n", "root", &["/usr/bin/id"], true),
        ("Cmnd_Alias C = C, C, /usr/bin/id\ndaemon ALL = C\n", "root", &["/usr/bin/id"], true),
        ("User_Alias U = U, U, daemon\nU ALL = /usr/bin/id\n", "root", &["/usr/bin/id"], true),
        ("DAEMON ALL = /usr/bin/id\n", "root", &["/usr/bin/id"], true),
        ("%Daemon ALL = /usr/bin/id\n", "root", &["/usr/bin/id"], true),
        ("daemon ALL = (ROOT) /usr/bin/id\n", "root", &["/usr/bin/id"], true),
        ("User_Alias OPS = daemon\nUser_Alias OPS = bin\nOPS ALL = /usr/bin/id\n", "root", &["/usr/bin/id"], true),
        ("User_Alias daemon = bin\ndaemon ALL = /usr/bin/id\n", "root", &["/usr/bin/id"], true),
        ("daemon ALL = ALL\nDaemon ALL = !ALL\n", "root", &["/usr/bin/id"], false),
        ("daemon ALL = /usr/bin/id x*, !/usr/bin/id\n", "root", &["/usr/bin/id", "xx"], false),
        ("daemon ALL = (nobody) /usr/bin/id, (ALL) !/usr/bin/id\n", "nobody", &["/usr/bin/id"], false),
        ("User_Alias OTHERS = daemon\n!OTHERS ALL = /usr/bin/id\n", "root", &["/usr/bin/id"], false),
        ("daemon ALL = ALL\ndaemon ALL = !ALL\n", "root", &["/usr/bin/id"], false),
    ] {
        let mut host = Host::new("web-1");
        host.file("etc/sudoers", rules);
        let ours = host.read().found.iter().any(|access| access.grant_id.as_str() == "web-1/daemon/sudo");
        assert_eq!(ours, lets, "{rules}");
        if let Some(judged) = sudo_lets(rules, run_as, words) {
            assert_eq!(judged, lets, "sudo says {judged}: {rules}");
        }
    }
}
