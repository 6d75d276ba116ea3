//! Values for one account, with and without conditions on the connection.

use super::*;
use crate::passwd::People;
use crate::settings::Limits;
use crate::sshd::read_config;
use crate::testing::{GROUP, Host, PASSWD};
use crate::tree::HostTree;

fn config(text: &str) -> Config {
    let mut host = Host::new("web-1");
    host.file("etc/ssh/sshd_config", text);
    let memory = host.tree();
    read_config(&HostTree::open(&memory, "web-1", &Limits::default()))
}

fn people() -> People {
    let mut people = People::default();
    people.read_passwd(PASSWD.as_bytes());
    people.read_group(GROUP.as_bytes());
    people
}

fn rules(text: &str, name: &str) -> Effective {
    let people = people();
    let account = &people.accounts[name];
    let subject = Subject { account, groups: people.groups_of(account), all_groups_known: true, groups_proven: true };
    effective(&config(text), &subject)
}

#[test]
fn the_first_value_counts_and_a_condition_replaces_it() {
    let text = "PubkeyAuthentication yes\nPubkeyAuthentication no\nMatch User ana\nPubkeyAuthentication no\n";
    assert!(rules(text, "ana").keys_switched_off().is_some());
    assert!(rules(text, "ben").keys_switched_off().is_none());
    let reversed = "PubkeyAuthentication no\nMatch Group ops\n PubkeyAuthentication yes\n";
    assert!(rules(reversed, "ana").keys_switched_off().is_none());
    assert!(rules(reversed, "ben").keys_switched_off().is_some());
}

#[test]
fn what_depends_on_the_connection_keeps_both_values() {
    let text = "AuthorizedKeysFile /a\nMatch Address 10.0.0.0/8\nAuthorizedKeysFile /b /c\n";
    assert_eq!(rules(text, "ana").key_files().into_iter().collect::<Vec<_>>(), ["/a", "/b", "/c"]);
    let off = "PubkeyAuthentication no\nMatch Address 10.0.0.0/8\nPubkeyAuthentication yes\n";
    assert!(rules(off, "ana").keys_switched_off().is_none(), "some connection may use keys");
    let on = "PubkeyAuthentication yes\nMatch Address 10.0.0.0/8\nPubkeyAuthentication no\n";
    assert!(rules(on, "ana").keys_switched_off().is_none(), "every other connection may use keys");
    let both = "PubkeyAuthentication no\nMatch Address 10.0.0.0/8\nPubkeyAuthentication no\n";
    assert!(rules(both, "ana").keys_switched_off().is_some());
    let other = "AuthorizedKeysFile /a\nMatch User ben Address 10.0.0.0/8\nAuthorizedKeysFile /b\n";
    assert_eq!(rules(other, "ana").key_files().into_iter().collect::<Vec<_>>(), ["/a"]);
}

#[test]
fn lists_of_users_refuse_only_where_no_connection_can_pass() {
    assert!(rules("AllowUsers ben\n", "ana").refused.is_some());
    assert!(rules("AllowUsers ben a*\n", "ana").refused.is_none());
    assert!(rules("AllowUsers ana@10.0.0.0/8\n", "ana").refused.is_none());
    assert!(rules("DenyUsers ana\n", "ana").refused.is_some());
    assert!(rules("DenyUsers ana@10.0.0.0/8\n", "ana").refused.is_none());
    assert!(rules("DenyGroups ops\n", "ana").refused.is_some());
    assert!(rules("AllowGroups ops\n", "ben").refused.is_some());
    assert!(rules("AllowUsers ben\nMatch Address 10.0.0.1\nAllowUsers ana\n", "ana").refused.is_none());
    assert!(rules("DenyUsers ana\nMatch Address 10.0.0.1\nDenyUsers ben\n", "ana").refused.is_none());
}

#[test]
fn a_group_that_a_directory_may_hold_refuses_nobody() {
    let people = people();
    let account = &people.accounts["ben"];
    let subject = Subject { account, groups: people.groups_of(account), all_groups_known: false, groups_proven: false };
    assert!(effective(&config("AllowGroups ops\n"), &subject).refused.is_none());
    let both = effective(&config("AuthorizedKeysFile /a\nMatch Group ops\nAuthorizedKeysFile /b\n"), &subject);
    assert_eq!(both.key_files().len(), 2);
}

#[test]
fn root_is_refused_as_the_keyword_says() {
    assert!(rules("PermitRootLogin no\n", "root").root_refused(true).is_some());
    assert!(rules("PermitRootLogin prohibit-password\n", "root").root_refused(false).is_none());
    assert!(rules("PermitRootLogin forced-commands-only\n", "root").root_refused(false).is_some());
    assert!(rules("PermitRootLogin forced-commands-only\n", "root").root_refused(true).is_none());
    assert!(rules("PermitRootLogin sometimes\n", "root").root_refused(false).is_none());
}

#[test]
fn methods_without_public_keys_close_every_key() {
    assert!(rules("AuthenticationMethods password\n", "ana").methods_without_keys().is_some());
    assert!(rules("AuthenticationMethods publickey,password\n", "ana").methods_without_keys().is_none());
    assert!(rules("AuthenticationMethods password publickey\n", "ana").methods_without_keys().is_none());
    assert!(rules("AuthenticationMethods any\n", "ana").methods_without_keys().is_none());
}

#[test]
fn what_is_not_understood_is_a_problem_by_line() {
    let found = config(
        "Port 22\nKeysFromCloud yes\nMatch LocalUser ana\nAllowUsers ana\nMatch User\nInclude x/*.conf\n\"open\n",
    );
    let places: Vec<&str> = found.problems.iter().map(|(place, _)| place.as_str()).collect();
    let at = |line: usize| format!("/etc/ssh/sshd_config:{line}");
    assert_eq!(places, [at(2), at(3), at(5), at(6), at(7)].iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn includes_are_followed_to_their_depth_and_a_circle_ends() {
    let mut host = Host::new("web-1");
    host.file("etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\nPubkeyAuthentication yes\n");
    host.file("etc/ssh/sshd_config.d/10.conf", "PubkeyAuthentication no\n");
    host.file("etc/ssh/sshd_config.d/20.conf", "Include /etc/ssh/sshd_config.d/20.conf\n");
    let memory = host.tree();
    let found = read_config(&HostTree::open(&memory, "web-1", &Limits::default()));
    assert!(found.problems.iter().any(|(_, cause)| matches!(cause, scan_contract::Cause::LimitHit { .. })));
    let people = people();
    let account = &people.accounts["ana"];
    let subject = Subject { account, groups: people.groups_of(account), all_groups_known: true, groups_proven: true };
    assert!(effective(&found, &subject).keys_switched_off().is_some(), "the included value comes first");
}
