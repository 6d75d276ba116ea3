//! `accounts`: who has an account, and who is in a group of administrators.

use scan_contract::{AccessKind, Fact, Holder, IdentifierKind, Privilege, Relation, Status};

use super::decide;
use super::scene::Scene;
use crate::passwd::Account;
use crate::scopes::HostScope;

/// Reads accounts and memberships. Rights by sudo were read before: they say who is an administrator.
pub(super) fn read(scene: &mut Scene<'_>) {
    for account in scene.people.accounts.values().cloned().collect::<Vec<_>>() {
        let access = account_access(scene, &account);
        scene.keep(access);
    }
    for name in scene.settings.admin_groups.clone() {
        let Some(group) = scene.people.groups.get(&name).cloned() else { continue };
        for member in scene.people.members_of(&group) {
            let account = scene.people.accounts.get(&member);
            // The account of user id 0 needs no group.
            if account.is_some_and(|account| account.uid == 0) {
                continue;
            }
            let status = if account.is_some() {
                Status::Enabled
            } else if scene.accounts_whole && scene.directories == super::scene::Directories::None {
                Status::Orphaned
            } else {
                Status::Unknown
            };
            let id = format!("{}/{member}/group/{name}", scene.host);
            let mut access = scene.access(HostScope::Accounts, AccessKind::GroupMembership, id, status);
            access.grant_display = Some(format!("{member} in group {name} on {}", scene.host));
            access.parent = Some(scene.account_id(&member));
            access.target = Some(format!("{}: group {name}", scene.host));
            access.privilege = Privilege::Admin;
            access.privilege_reason = Some(format!("{name} is a group of administrators"));
            if account.is_none() {
                access.holders = vec![login_holder(&member)];
                access.evidence.push(String::from("no account of this name in /etc/passwd"));
            }
            access.evidence.push(format!("/etc/group:{}", group.line));
            scene.keep(access);
        }
    }
}

/// A holder of whom only the login is known.
pub(super) fn login_holder(name: &str) -> Holder {
    let mut holder = Holder::new(Relation::Holder);
    holder.login = Some(name.to_owned());
    holder.verified = Some(vec![IdentifierKind::Login]);
    holder
}

fn account_access(scene: &Scene<'_>, account: &Account) -> scan_contract::Access {
    let id = scene.account_id(&account.name);
    let mut access = scene.access(HostScope::Accounts, AccessKind::Account, id.as_str().to_owned(), Status::Enabled);
    access.grant_display = Some(format!("{} on {}", account.name, scene.host));
    let mut holder = login_holder(&account.name);
    holder.provider_id = Some(format!("{}:{}", scene.host, account.uid));
    holder.name = Some(account.gecos.clone()).filter(|name| !name.is_empty());
    holder.verified = Some(vec![IdentifierKind::Login, IdentifierKind::ProviderId]);
    access.holders = vec![holder];
    access.evidence.push(format!("/etc/passwd:{}", account.line));
    if let Some(reason) = scene.administers(account) {
        access.privilege = Privilege::Admin;
        access.privilege_reason = Some(reason);
    } else if account.has_no_shell() {
        access.privilege = Privilege::None;
        access.privilege_reason =
            Some(format!("shell {}: keys and rights of this account are listed on their own", account.shell));
    } else {
        access.privilege = Privilege::Write;
        access.privilege_reason = Some(String::from("a shell on the host"));
    }
    if let Some(shadow) = scene.shadow.get(&account.name) {
        access.expires_at = shadow.ends().map_or(Fact::None, Fact::Known);
        access.evidence.extend(shadow.describe().map(String::from));
        if let Some(why) = decide::closed(scene, account, &scene.effective(account)) {
            access.status = Status::Disabled;
            access.status_text = Some(why.clone());
            access.evidence.push(why);
        }
    }
    if account.is_system() {
        access.evidence.push(format!("one of the system's own accounts (user id {})", account.uid));
    }
    if account.has_no_shell() {
        access
            .evidence
            .push(format!("shell {} refuses to start; keys may still forward ports or copy files", account.shell));
    }
    access
}
