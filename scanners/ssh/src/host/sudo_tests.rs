//! Rules of sudoers that take something away, and rules that were written to keep us busy. What real sudo (1.9.13)
//! says of each is held against us in `oracle_tests.rs`.

use scan_contract::{AccessKind, Cause, Privilege, Status};

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

#[test]
fn names_of_users_and_groups_are_compared_without_case_as_in_sudo() {
    for (rule, whose) in [
        ("%SUDO ALL=(ALL) ALL\n", "web-1/ben/sudo"),
        ("%Ana ALL=(ALL) ALL\n", "web-1/ana/sudo"),
        ("ANA ALL = /usr/bin/id\n", "web-1/ana/sudo"),
        ("User_Alias OPS = Ben, !ANA\nOPS ALL = /usr/bin/id\n", "web-1/ben/sudo"),
    ] {
        let read = sudoers(rule);
        assert_eq!(rights(&read), [whose], "{rule}");
        assert_eq!(read.get(whose).status, Status::Enabled, "{rule}");
        assert!(read.is_whole(SCOPE), "{rule}: {:?}", read.gaps);
    }
    // What is taken is taken without case, too, and root has no right to tell of.
    for rule in ["ana ALL = ALL\nANA ALL = !ALL\n", "ALL, !%ANA, !BEN, !Daemon ALL = ALL\n", "ROOT ALL = ALL\n"] {
        assert_eq!(rights(&sudoers(rule)), Vec::<&str>::new(), "{rule}");
    }
    assert_eq!(rights(&sudoers("all ALL = ALL\n")), ["web-1/all/sudo"], "a word that only looks like ALL");
    assert_eq!(rights(&sudoers("Zoe ALL = ALL\nzoe ALL = ALL\n")).len(), 1, "nobody twice");
    assert_eq!(sudoers("ana ALL = (ROOT) /usr/bin/id\n").get("web-1/ana/sudo").privilege, Privilege::Admin);
}

#[test]
fn two_groups_that_differ_in_case_are_both_meant() {
    let mut host = Host::new("web-1");
    host.file("etc/group", "root:x:0:\nops:x:50:ana\nOPS:x:51:ben\nwheel:x:50:daemon\n");
    host.file("etc/sudoers", "%Ops ALL=(ALL) ALL\n");
    assert_eq!(rights(&host.read()), ["web-1/ana/sudo", "web-1/ben/sudo"]);
    host.file("etc/sudoers", "%#50 ALL=(ALL) ALL\n");
    assert_eq!(rights(&host.read()), ["web-1/ana/sudo", "web-1/daemon/sudo"], "two groups of one number");
}

#[test]
fn where_case_may_count_a_name_of_another_case_is_not_certain() {
    for rule in [
        "Defaults !case_insensitive_user\nANA ALL = /usr/bin/id\n",
        "%ANA ALL = /usr/bin/id\nDefaults env_reset, !case_insensitive_group\n",
    ] {
        let read = sudoers(rule);
        assert_eq!(rights(&read), ["web-1/ana/sudo"], "{rule}");
        assert_eq!(read.get("web-1/ana/sudo").status, Status::Unknown, "{rule}");
    }
    let same = sudoers("Defaults !case_insensitive_user, !case_insensitive_group\nana ALL = /usr/bin/id\n");
    assert_eq!(same.get("web-1/ana/sudo").status, Status::Enabled);
}

#[test]
fn a_rule_for_the_full_name_of_a_host_whose_full_name_is_not_known_perhaps_holds() {
    for rule in [
        "ana web-1.acme.example = (ALL) ALL\n",
        "ana WEB-1.Acme.example = (ALL) ALL\n",
        "ana *.acme.example = (ALL) ALL\n",
        "ana web-*.acme.example = (ALL) ALL\n",
        "Host_Alias WEBS = db-1.acme.example, web-1.acme.example\nana WEBS = (ALL) ALL\n",
    ] {
        let read = sudoers(rule);
        assert_eq!(rights(&read), ["web-1/ana/sudo"], "{rule}");
        assert_eq!(read.get("web-1/ana/sudo").status, Status::Unknown, "{rule}");
    }
    for rule in ["ana db-1.acme.example = ALL\n", "ana web-10.acme.example = ALL\n", "ana db-*.acme.example = ALL\n"] {
        assert_eq!(rights(&sudoers(rule)), Vec::<&str>::new(), "{rule}");
    }
    // Where the full name is known, it is compared.
    let mut host = Host::new("web-1");
    host.file("etc/hostname", "web-1.acme.example\n");
    host.file("etc/sudoers", "ana web-1.acme.example = (ALL) ALL\nben web-1.other.example = ALL\n");
    let read = host.read();
    assert_eq!(rights(&read), ["web-1/ana/sudo"]);
    assert_eq!(read.get("web-1/ana/sudo").status, Status::Enabled);
}

#[test]
fn the_first_definition_of_an_alias_counts_and_a_second_one_is_a_gap() {
    for rule in [
        "User_Alias OPS = ana\nUser_Alias OPS = ben\nOPS ALL=(ALL) ALL\n",
        "User_Alias OPS = ana : OPS = ben\nOPS ALL=(ALL) ALL\n",
        "Host_Alias WEBS = web-1\nHost_Alias WEBS = db-1\nana WEBS=(ALL) ALL\n",
        "Runas_Alias DB = root\nRunas_Alias DB = nobody\nana ALL=(DB) ALL\n",
        "Cmnd_Alias C = ALL\nCmd_Alias C = /bin/ls\nana ALL=(ALL) C\n",
        // No alias begins with a small letter: the rule means the user.
        "User_Alias ana = ben\nana ALL=(ALL) ALL\n",
    ] {
        let read = sudoers(rule);
        assert_eq!(rights(&read), ["web-1/ana/sudo"], "{rule}");
        let right = read.get("web-1/ana/sudo");
        assert_eq!((right.status, right.privilege), (Status::Enabled, Privilege::Admin), "{rule}");
        assert!(!read.is_whole(SCOPE), "{rule}");
        let gaps = read.gaps_of(SCOPE);
        assert!(matches!(&gaps[..], [gap] if matches!(&gap.cause, Cause::Malformed { .. })), "{rule}: {gaps:?}");
    }
    let kinds = sudoers("User_Alias A = ana\nHost_Alias A = web-1\nA A=(ALL) ALL\n");
    assert_eq!(rights(&kinds), ["web-1/ana/sudo"]);
    assert!(kinds.is_whole(SCOPE), "one name for two kinds of alias: {:?}", kinds.gaps);
}
