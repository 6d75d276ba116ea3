//! `sudo`: who may act as root, or as somebody else.

use scan_contract::{AccessKind, Cause, Privilege, Status, Subtype};

use super::accounts::login_holder;
use super::scene::{Directories, Scene};
use crate::scopes::HostScope;
use crate::sudo::{Found, HostNames, Right, read_rules, rights};

const SCOPE: [HostScope; 1] = [HostScope::Sudo];

/// Programs named in evidence before the rest is counted.
const SHOWN: usize = 8;

/// Reads sudoers.
pub(super) fn read(scene: &mut Scene<'_>) {
    let name = scene.hostname.clone().unwrap_or_else(|| scene.host.to_owned());
    let short = name.split('.').next().unwrap_or_default().to_owned();
    let (rules, problems) = read_rules(&scene.tree, &short);
    for (place, cause) in problems {
        scene.gap(&SCOPE, Some(place), cause);
    }
    let names = HostNames {
        names: [Some(scene.host), scene.hostname.as_deref()].into_iter().flatten().collect(),
        own_word: scene.hostname.is_some(),
    };
    let Found { rights, unknown, problems } = rights(&rules, &scene.people, &names);
    for word in unknown {
        unresolved(scene, &word);
    }
    for (part, cause) in problems {
        scene.gap(&SCOPE, Some(part), cause);
    }
    scene.rights.clone_from(&rights);
    for (name, right) in rights {
        // Root needs no sudo.
        if scene.people.accounts.get(&name).is_some_and(|account| account.uid == 0) || name.eq_ignore_ascii_case("root")
        {
            continue;
        }
        keep(scene, &name, &right);
    }
}

/// A group or netgroup whose members are not in the tree.
fn unresolved(scene: &mut Scene<'_>, word: &str) {
    let what = format!("sudoers names {word}, whose members are not in the tree");
    let local_group = word.starts_with('%') && !word.starts_with("%:");
    match (&scene.directories, local_group) {
        // Proven: no directory, no such group, no member. Distributions ship rules for groups they do not make.
        (Directories::None, true) if scene.accounts_whole => {}
        (Directories::NotCollected, true) => scene.notice(format!("{}: {what}", scene.host)),
        _ => scene.gap(&SCOPE, Some(word.to_owned()), Cause::NotSupported { what }),
    }
}

fn keep(scene: &mut Scene<'_>, name: &str, right: &Right) {
    let exists = scene.people.accounts.contains_key(name);
    let proven = scene.accounts_whole && scene.directories == Directories::None;
    let status = match (exists, proven, right.certain) {
        (false, true, _) => Status::Orphaned,
        (true, _, true) => Status::Enabled,
        _ => Status::Unknown,
    };
    let mut access =
        scene.access(HostScope::Sudo, AccessKind::RoleBinding, format!("{}/{name}/sudo", scene.host), status);
    access.subtype = Some(Subtype::Sudo);
    access.grant_display = Some(format!("{name} may use sudo on {}", scene.host));
    access.parent = Some(scene.account_id(name));
    if !exists {
        access.holders = vec![login_holder(name)];
        access.evidence.push(String::from("no account of this name in /etc/passwd"));
    }
    let reach = if right.everything {
        String::from("every command")
    } else {
        let shown: Vec<&str> = right.programs.iter().take(SHOWN).map(String::as_str).collect();
        let more = right.programs.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", shown.join(", "))
    };
    if right.as_root {
        access.privilege = Privilege::Admin;
        access.privilege_reason = Some(format!("as root: {reach}"));
    } else {
        access.privilege = Privilege::Write;
        access.privilege_reason = Some(format!("as another account, not root: {reach}"));
    }
    if right.without_password {
        access.evidence.push(String::from("without a password"));
    }
    if !right.certain {
        access.evidence.push(String::from(
            "it hangs on a host name, an address, a netgroup or the case of a name, which cannot be compared here",
        ));
    }
    access.evidence.extend(right.places.iter().cloned());
    scene.keep(access);
}
