//! Rules of sudoers that take something away, and rules that were written to keep us busy. What real sudo (1.9.13)
//! says of each is held against us in `oracle_tests.rs`.

use scan_contract::{AccessKind, Cause, Status};

use crate::testing::{Host, Read};

const SCOPE: &str = "web-1/sudo";

fn sudoers(text: &str) -> Read {
    let mut host = Host::new("web-1");
    host.file("etc/sudoers", text);
    host.read()
}

fn rights(read: &Read) -> Vec<&str> {
    read.ids(AccessKind::RoleBinding)
}

#[test]
fn an_exception_with_arguments_does_not_take_the_command() {
    for rule in [
        "ana ALL = /usr/bin/su [!-]*, !/usr/bin/su *root*\n",
        "ana ALL = /usr/bin/passwd [A-Za-z]*, !/usr/bin/passwd *root*\n",
        "ana ALL = /usr/bin/id\nana ALL = !/usr/bin/id \"\"\n",
        "Cmnd_Alias ROOT = /usr/bin/su *root*\nana ALL = /usr/bin/su, !ROOT\n",
    ] {
        let read = sudoers(rule);
        assert_eq!(rights(&read), ["web-1/ana/sudo"], "{rule}");
        assert_eq!(read.get("web-1/ana/sudo").status, Status::Enabled, "{rule}");
        assert!(read.is_whole(SCOPE), "{rule}: {:?}", read.gaps);
    }
}

#[test]
fn the_same_exception_without_arguments_takes_it() {
    for rule in [
        "ana ALL = /usr/bin/su [!-]*, !/usr/bin/su\n",
        "ana ALL = (ALL) /usr/bin/passwd [A-Za-z]*\nana ALL = (ALL) !/usr/bin/passwd\n",
        "Cmnd_Alias SU = /usr/bin/su\nana ALL = /usr/bin/su *x*, !SU\n",
        "ana ALL = (operator) /usr/bin/id, (ALL) !/usr/bin/id\n",
    ] {
        let read = sudoers(rule);
        assert_eq!(rights(&read), Vec::<&str>::new(), "{rule}");
        assert!(read.is_whole(SCOPE), "{rule}: {:?}", read.gaps);
    }
}

#[test]
fn an_exception_for_another_account_time_digest_or_pattern_does_not_take_it() {
    for rule in [
        "ana ALL = /usr/bin/id, (nobody) !/usr/bin/id\n",
        "ana ALL = (ALL) ALL\nana ALL = !ALL\n",
        "ana ALL = (root : adm) /usr/bin/id, (root) !/usr/bin/id\n",
        "ana ALL = /usr/bin/id, NOTAFTER=20200101000000Z !/usr/bin/id\n",
        "ana ALL = /usr/bin/id, sha256:aGVsbG8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= !/usr/bin/id\n",
        "ana ALL = /usr/bin/[ab]*, !/usr/bin/\\[ab]\\*\n",
    ] {
        let read = sudoers(rule);
        assert_eq!(rights(&read), ["web-1/ana/sudo"], "{rule}");
        assert_eq!(read.get("web-1/ana/sudo").status, Status::Enabled, "{rule}");
    }
}

#[test]
fn an_exception_that_perhaps_applies_leaves_a_right_that_is_not_certain() {
    for rule in [
        "ana ALL = /usr/bin/id\nana +webs = !/usr/bin/id\n",
        "ana ALL = /usr/bin/id\nana 10.0.0.5 = !/usr/bin/id\n",
        "ana ALL = /usr/bin/id\nana 10.0.0.5 = !ALL\n",
        "ana ALL = /usr/bin/id\nALL, !+staff ALL = !/usr/bin/id\n",
    ] {
        let read = sudoers(rule);
        assert_eq!(rights(&read), ["web-1/ana/sudo"], "{rule}");
        assert_eq!(read.get("web-1/ana/sudo").status, Status::Unknown, "{rule}");
    }
}

#[test]
fn a_negated_alias_of_a_negated_name_gives_the_right_as_in_sudo() {
    let read = sudoers("User_Alias OTHERS = !ana\n!OTHERS ALL = /usr/bin/id\n");
    assert_eq!(rights(&read), ["web-1/ana/sudo"]);
    assert_eq!(rights(&sudoers("User_Alias OTHERS = ana\n!OTHERS ALL = /usr/bin/id\n")), Vec::<&str>::new());
}

#[test]
fn an_alias_that_names_itself_is_a_gap_and_what_else_it_holds_is_given() {
    for rule in [
        "Cmnd_Alias C = C, C, /bin/ls\nana ALL = C\n",
        "Cmnd_Alias A = B, B, /bin/ls\nCmnd_Alias B = A, A\nana ALL = A\n",
        "User_Alias U = U, U, ana\nU ALL = /bin/ls\n",
        "Host_Alias H = H, H, web-1\nana H = /bin/ls\n",
        "Runas_Alias R = R, R, root\nana ALL = (R) /bin/ls\n",
    ] {
        let read = sudoers(rule);
        assert_eq!(rights(&read), ["web-1/ana/sudo"], "{rule}");
        let gaps = read.gaps_of(SCOPE);
        assert!(
            matches!(&gaps[..], [gap] if matches!(&gap.cause, Cause::Malformed { what } if what.contains("names itself"))),
            "{rule}: {gaps:?}"
        );
    }
}

#[test]
fn aliases_that_double_at_every_step_are_read_in_good_time_and_are_no_gap() {
    for (kind, last, rule) in [
        ("Cmnd_Alias", "/bin/ls", "ana ALL = A60\n"),
        ("User_Alias", "ana", "A60 ALL = /bin/ls\n"),
        ("Host_Alias", "web-1", "ana A60 = /bin/ls\n"),
        ("Runas_Alias", "root", "ana ALL = (A60) /bin/ls\n"),
    ] {
        let steps = (1..=60).map(|step| format!("{kind} A{step} = A{0}, A{0}\n", step - 1));
        let text: String = std::iter::once(format!("{kind} A0 = {last}\n")).chain(steps).collect();
        let read = sudoers(&format!("{text}{rule}"));
        assert_eq!(rights(&read), ["web-1/ana/sudo"], "{kind}");
        assert!(read.is_whole(SCOPE), "{kind}: {:?}", read.gaps);
    }
}

#[test]
fn a_chain_of_aliases_of_any_length_is_followed() {
    let steps = (1..=20_000).map(|step| format!("Cmnd_Alias A{step} = A{}\n", step - 1));
    let text: String = std::iter::once(String::from("Cmnd_Alias A0 = /bin/ls\n")).chain(steps).collect();
    let read = sudoers(&format!("{text}ana ALL = A20000\n"));
    assert_eq!(rights(&read), ["web-1/ana/sudo"]);
    assert!(read.is_whole(SCOPE), "{:?}", read.gaps);
}
