//! What lies in the folder and nobody asked for: key files that sshd does not read, and files that no list names.

use scan_contract::{AccessKind, Cause, Status};

use super::key_files::{describe_account, key_access};
use super::scene::{Directories, Scene};
use crate::keys::{AuthorizedLine, parse_authorized_keys};
use crate::scopes::HostScope;
use crate::tree::Looked;

/// Paths named in one notice before the rest is counted.
const SHOWN: usize = 10;

/// Looks through what is left.
pub(super) fn read(scene: &mut Scene<'_>) {
    let key_files: Vec<String> =
        scene.tree.unused().into_iter().map(|(path, _)| path).filter(|path| is_key_file(path)).collect();
    for path in key_files {
        take_key_file(scene, &path);
    }
    for path in scene.tree.lost() {
        let what = format!("/{path}: listed as present, and not in the tree");
        scene.gap(&HostScope::ALL, Some(format!("/{path}")), Cause::NotInSource { what });
    }
    let unlisted: Vec<String> =
        scene.tree.unused().into_iter().filter(|(_, listed)| !listed).map(|(path, _)| path).collect();
    if !unlisted.is_empty() {
        let shown = unlisted.iter().take(SHOWN).map(|path| format!("/{path}")).collect::<Vec<_>>().join(", ");
        let more = unlisted.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        scene.notice(format!("{}: in the folder, not in files.txt, and not read: {shown}{more}", scene.host));
    }
}

/// `<home>/.ssh/authorized_keys`, also the second one of older servers.
fn is_key_file(path: &str) -> bool {
    path.ends_with("/.ssh/authorized_keys") || path.ends_with("/.ssh/authorized_keys2")
}

/// Keys in a file that sshd does not read: of an account that is gone, or of one whose keys lie elsewhere now. They
/// come back to life with the account or the setting.
fn take_key_file(scene: &mut Scene<'_>, path: &str) {
    let Some(home) = path.rsplit_once("/.ssh/").map(|(home, _)| format!("/{home}")) else { return };
    let bytes = match scene.tree.look(path) {
        Looked::Read(bytes, None) => bytes,
        Looked::Read(bytes, Some(cause)) => {
            scene.gap(&[HostScope::AuthorizedKeys], Some(format!("/{path}")), cause);
            bytes
        }
        Looked::Absent => return,
        Looked::Unknown(cause) => return scene.gap(&[HostScope::AuthorizedKeys], Some(format!("/{path}")), cause),
    };
    let account = scene.people.accounts.values().find(|account| account.home.trim_end_matches('/') == home).cloned();
    let name = account
        .as_ref()
        .map_or_else(|| home.rsplit('/').next().unwrap_or_default().to_owned(), |account| account.name.clone());
    let gone = account.is_none() && scene.accounts_whole && scene.directories == Directories::None;
    let (status, reason) = if gone {
        (Status::Orphaned, "no account has this home folder any more")
    } else if account.is_some() && scene.config_is_sure() {
        (Status::Disabled, "sshd does not read this file for the account")
    } else {
        (Status::Unknown, "whether sshd reads this file cannot be told")
    };
    for line in parse_authorized_keys(&bytes) {
        let AuthorizedLine::Key(key) = line else { continue };
        let mut access = key_access(scene, &name, &format!("/{path}"), &key, status);
        access.status_text = Some(reason.to_owned());
        access.evidence.push(reason.to_owned());
        match &account {
            Some(account) => describe_account(scene, account, &mut access),
            None if access.kind == AccessKind::SshKey => access.privilege = scan_contract::Privilege::Write,
            None => {}
        }
        scene.keep(access);
    }
}
