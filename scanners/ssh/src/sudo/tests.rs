//! Rights that sudoers gives, takes, and leaves open.

use super::*;
use crate::settings::Limits;
use crate::sudo::read_rules;
use crate::testing::{GROUP, Host, PASSWD};
use crate::tree::HostTree;

fn people() -> People {
    let mut people = People::default();
    people.read_passwd(PASSWD.as_bytes());
    people.read_group(GROUP.as_bytes());
    people
}

/// Rights on web-1, groups that are not known, and lines that are not understood.
fn read(files: &[(&str, &str)]) -> (BTreeMap<String, Right>, BTreeSet<String>, Vec<String>) {
    let mut host = Host::new("web-1");
    for (path, text) in files {
        host.file(path, text);
    }
    let memory = host.tree();
    let tree = HostTree::open(&memory, "web-1", &Limits::default());
    let (rules, problems) = read_rules(&tree, "web-1");
    let names = HostNames { names: vec!["web-1"], own_word: true };
    let found = rights(&rules, &people(), &names);
    let problems = problems.into_iter().chain(found.problems);
    (found.rights, found.unknown, problems.map(|(place, _)| place).collect())
}

fn of(text: &str) -> BTreeMap<String, Right> {
    let (found, _, problems) = read(&[("etc/sudoers", text)]);
    assert!(problems.is_empty(), "{text}: {problems:?}");
    found
}

#[test]
fn a_user_a_group_an_id_and_an_alias_give_the_right_to_the_accounts_they_name() {
    for text in [
        "ana ALL=(ALL) ALL\n",
        "%ops ALL=(ALL:ALL) NOPASSWD: ALL\n",
        "%#50 ALL = ALL\n",
        "#1001 ALL = ALL # her number\n",
        "User_Alias OPS = ana, zoe : WEB = ben\nOPS ALL = ALL\n",
        "Host_Alias WEBS = web-*\nana WEBS = (root) ALL\n",
        "ana db-1 = /bin/ls : web-1 = ALL\n",
        "\"ana\" ALL = \\\n  ALL\n",
        "ALL, !ben, !root, !daemon ALL = ALL\n",
    ] {
        let found = of(text);
        assert!(found.contains_key("ana") && !found.contains_key("ben"), "{text}: {found:?}");
        assert!(found["ana"].everything && found["ana"].as_root && found["ana"].certain, "{text}: {found:?}");
    }
}

#[test]
fn a_rule_for_another_host_or_an_empty_one_gives_nothing() {
    for text in [
        "ana db-1 = ALL\n",
        "ana ALL, !web-1 = ALL\n",
        "ana ALL = !ALL\n",
        "ana ALL = ALL\nana ALL = !ALL\n",
        "#ana ALL = ALL\n",
        "# 1001\n",
    ] {
        assert!(!of(text).contains_key("ana"), "{text}");
    }
}

#[test]
fn what_hangs_on_an_address_or_a_netgroup_is_given_and_not_certain() {
    for text in ["ana 10.0.0.0/8 = ALL\n", "ana +webs = ALL\n"] {
        assert!(!of(text)["ana"].certain, "{text}");
    }
    let (_, unknown, _) = read(&[("etc/sudoers", "+admins ALL=ALL\n%nobody-knows ALL=ALL\n%:ad-group ALL=ALL\n")]);
    assert_eq!(unknown.into_iter().collect::<Vec<_>>(), ["%:ad-group", "%nobody-knows", "+admins"]);
}

#[test]
fn commands_run_as_and_tags_are_read_and_arguments_are_not_kept() {
    let text = "Cmnd_Alias WEB = /usr/bin/systemctl restart web, sha256:aGVsbG8= /bin/x\nRunas_Alias DB = postgres\n\
                ana ALL = (DB) NOPASSWD: WEB, SETENV: /bin/psql --password=s3cret\\,x, CWD=/tmp /bin/y\n";
    let right = &of(text)["ana"];
    assert!(!right.everything && !right.as_root && right.without_password);
    assert_eq!(
        right.programs.iter().map(String::as_str).collect::<Vec<_>>(),
        ["/bin/psql", "/bin/x", "/bin/y", "/usr/bin/systemctl"]
    );
    assert!(!format!("{right:?}").contains("s3cret"));
    assert!(of("ana ALL = (postgres) ALL, (root) /bin/ls\n")["ana"].as_root);
    assert!(!of("ana ALL = (:adm) /bin/ls\n")["ana"].as_root);
}

#[test]
fn included_files_count_and_backups_beside_them_do_not() {
    let (found, _, problems) = read(&[
        ("etc/sudoers", "@include /etc/sudoers.local\n#includedir /etc/sudoers.d\n"),
        ("etc/sudoers.local", "ana ALL=ALL\n"),
        ("etc/sudoers.d/10-ben", "ben ALL=ALL\n"),
        ("etc/sudoers.d/daemon.bak", "daemon ALL=ALL\n"),
        ("etc/sudoers.d/daemon~", "daemon ALL=ALL\n"),
    ]);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(found.keys().collect::<Vec<_>>(), ["ana", "ben"]);
    let (_, _, missing) = read(&[("etc/sudoers", "@includedir /etc/sudoers.d\n")]);
    assert_eq!(missing, ["/etc/sudoers:1"], "a folder that nobody listed is a gap");
}

#[test]
fn a_line_that_is_not_understood_is_named_and_its_neighbours_count() {
    let (found, _, problems) =
        read(&[("etc/sudoers", "ana ALL=ALL\nben ALL\n\"open ALL=ALL\nben ALL=(ALL ALL\nben ALL=ALL\n")]);
    assert_eq!(problems, ["/etc/sudoers:2", "/etc/sudoers:3", "/etc/sudoers:4"]);
    assert_eq!(found.len(), 2);
}

#[test]
fn a_circle_of_aliases_or_files_ends() {
    let (_, _, problems) = read(&[
        (
            "etc/sudoers",
            "User_Alias A = B\nUser_Alias B = A\nA ALL=ALL\nCmnd_Alias C = C\nana ALL = C\n@include /etc/more\n",
        ),
        ("etc/more", "@include /etc/more\n"),
    ]);
    assert_eq!(problems, ["/etc/more", "Cmnd_Alias C", "User_Alias A"], "each circle is said");
    // What is defined in a file that is read twice is defined twice.
    let (_, _, problems) = read(&[("etc/sudoers", "User_Alias A = ana\n@include /etc/sudoers\n")]);
    let kinds: BTreeSet<&str> = problems.iter().map(String::as_str).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["/etc/sudoers", "/etc/sudoers:1"]);
}

#[test]
fn rules_that_cost_more_than_a_host_may_are_a_gap_and_what_was_read_before_counts() {
    let mut host = Host::new("web-1");
    host.file("etc/sudoers", "ana ALL = /bin/a\nben ALL = /bin/b\n");
    let memory = host.tree();
    let tree = HostTree::open(&memory, "web-1", &Limits::default());
    let (rules, _) = read_rules(&tree, "web-1");
    let names = HostNames { names: vec!["web-1"], own_word: true };
    let within = |steps, kept| rights_within(&rules, &people(), &names, Work::of(steps, kept));
    for (steps, kept) in [(1_000, 1), (16, 100)] {
        let found = within(steps, kept);
        assert_eq!(found.rights.keys().collect::<Vec<_>>(), ["ana"], "{steps} {kept}");
        assert!(matches!(&found.problems[..], [(_, Cause::LimitHit { .. })]), "{:?}", found.problems);
    }
    let found = within(1_000, 2);
    assert_eq!(found.rights.len(), 2);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
}

/// Forms from the manual and from the wild; `visudo -c` accepts every line (1.9.13).
pub(crate) const ACCEPTED: &str = r#"Defaults:ana !authenticate
Defaults@web-1 log_year
Defaults>root !set_logname
Defaults!/usr/bin/x noexec
Defaults   secure_path = /sbin:/bin:/usr/sbin:/usr/bin
Cmnd_Alias STORAGE = /sbin/fdisk, /sbin/sfdisk, /sbin/parted
Cmnd_Alias DRIVERS = /sbin/modprobe
Host_Alias FILESERVERS = fs1, fs2
User_Alias ADMINS = jsmith, mikem
root	ALL=(ALL) 	ALL
%wheel	ALL=(ALL)	ALL
%users  ALL=/sbin/mount /mnt/cdrom, /sbin/umount /mnt/cdrom
%users  localhost=/sbin/shutdown -h now
pete HPPA = /usr/bin/passwd [A-Za-z]*, !/usr/bin/passwd *root*
ana ALL = (root) sudoedit /etc/motd, list
ana ALL = (root) NOPASSWD: /usr/bin/env ^-i [a-z]+$
jim +biglab = ALL
jill ALL = /usr/bin/, !/bin/su
matt valkyrie = /bin/kill
wim CDROM = NOPASSWD: /sbin/umount /CDROM,\
 /sbin/mount -o nosuid\,nodev /dev/cd0a /CDROM
bob SPARC = (operator) ALL : SGI = (operator) ALL
john ALL = /usr/bin/su [!-]*, !/usr/bin/su *root*
ana ALL = TIMEOUT=8h CWD=/tmp NOTBEFORE=20300101000000Z /bin/x
ana ALL = (ALL : ALL) NOEXEC: SETENV: /usr/bin/vi
"user with space" ALL = ALL
%#1000 ALL = ALL
#1000 ALL = (#33) ALL
ben ALL = sha256:529c8e64a1c1a5b0d7e9ee4a5b1b0a0b6dff0a2c0d2a0bd7a25a1f1a1a1a1a1a /bin/ls
!ben ALL = ALL
ana fe80::1 = ALL
ana 10.0.0.0/255.255.255.0 = ALL
ana ALL=(ALL)NOPASSWD:ALL
ana ALL = /usr/bin/pkill ^-u \(bob\|al\)$
"#;

#[test]
fn what_visudo_accepts_is_understood() {
    let (found, unknown, problems) = read(&[("etc/sudoers", ACCEPTED)]);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(unknown.into_iter().collect::<Vec<_>>(), ["%#1000", "%users", "%wheel"]);
    for name in ["root", "ana", "ben", "jill", "user with space", "#1000"] {
        assert!(found.contains_key(name), "{name}: {found:?}");
    }
    assert!(!found.contains_key("pete"), "a rule for another host");
    assert!(found["ana"].without_password && !found["jim"].certain);
}
