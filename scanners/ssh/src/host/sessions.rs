//! `sessions`: who was signed in when the tree was collected.

use std::collections::BTreeMap;
use std::net::IpAddr;

use scan_contract::{AccessKind, Cause, Fact, Moment, Status};

use super::accounts::login_holder;
use super::scene::Scene;
use crate::scopes::HostScope;
use crate::tree::Looked;
use crate::who::{self, Seen};

const SCOPE: [HostScope; 1] = [HostScope::Sessions];

/// Name of the collector's list of sessions in each host's folder.
const WHO: &str = "who.txt";

/// Reads the list of sessions. Sessions of one account and client class are one record.
pub(super) fn read(scene: &mut Scene<'_>) {
    let bytes = match scene.tree.look(WHO) {
        Looked::Read(bytes, doubt) => {
            if let Some(cause) = doubt {
                scene.gap(&SCOPE, Some(WHO.to_owned()), cause);
            }
            bytes
        }
        Looked::Absent => {
            let what = format!("{WHO}: who is signed in was not collected");
            return scene.gap(&SCOPE, None, Cause::NotInSource { what });
        }
        Looked::Unknown(cause) => return scene.gap(&SCOPE, Some(WHO.to_owned()), cause),
    };
    let found = who::parse(&bytes, WHO);
    for (part, cause) in found.problems {
        scene.gap(&SCOPE, Some(part), cause);
    }
    let mut groups: BTreeMap<(String, String), Vec<Seen>> = BTreeMap::new();
    for seen in found.sessions {
        groups.entry((seen.account.clone(), client(&seen))).or_default().push(seen);
    }
    for ((account, client), seen) in groups {
        keep(scene, &account, client, &seen);
    }
}

fn keep(scene: &mut Scene<'_>, account: &str, client: String, seen: &[Seen]) {
    let id = format!("{}/{client}", scene.account_id(account));
    let mut access = scene.access(HostScope::Sessions, AccessKind::Session, id, Status::Enabled);
    access.grant_display = Some(format!("{account} is signed in on {} ({client})", scene.host));
    access.parent = Some(scene.account_id(account));
    if !scene.people.accounts.contains_key(account) {
        // `who` cuts long names, and accounts of a directory are not in /etc/passwd.
        access.holders = vec![login_holder(account)];
        access.evidence.push(String::from("no account of this name in /etc/passwd"));
    }
    // The earliest start: none of them is older, and each is named in the evidence.
    let since: Option<Vec<Moment>> = seen.iter().map(|seen| seen.since).collect();
    access.created_at = match since.as_deref().map(|since| since.iter().min()) {
        Some(Some(first)) => Fact::Known(*first),
        _ => Fact::Hidden(String::from("who.txt gives no time that can be read")),
    };
    let active: Option<Moment> = seen.iter().filter_map(|seen| seen.active).max();
    access.last_used_at =
        active.map_or_else(|| Fact::Hidden(String::from("who.txt does not say when it was last active")), Fact::Known);
    access.expires_at = Fact::None;
    access.client = Some(client);
    for seen in seen {
        let since =
            seen.since.map(|since| format!(" since {}", since.at.format("%Y-%m-%dT%H:%MZ"))).unwrap_or_default();
        let origin = seen.origin.as_deref().map(|origin| format!(" from {origin}")).unwrap_or_default();
        access.evidence.push(format!("{WHO}:{}: {}{origin}{since}", seen.line, seen.terminal));
    }
    if let Some(found) = scene.people.accounts.get(account).cloned() {
        super::key_files::describe_account(scene, &found, &mut access);
    }
    scene.keep(access);
}

/// Terminal class and the class of where it comes from, so that a session that moves between two addresses of one
/// kind stays one record.
fn client(seen: &Seen) -> String {
    let terminal = seen.terminal.trim_end_matches(|character: char| character.is_ascii_digit()).trim_end_matches('/');
    let terminal = match terminal {
        "pts" | "ttyp" => "pts",
        "tty" => "console",
        name if name.starts_with("ttyS") || name.starts_with("ttyAMA") => "serial",
        name if name.starts_with(':') => "display",
        name if name.starts_with("ssh") => "ssh",
        _ => "other",
    };
    format!("{terminal}/{}", origin(seen.origin.as_deref()))
}

fn origin(text: Option<&str>) -> &'static str {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return "local" };
    if text.starts_with(':') && !text.starts_with("::") {
        return "display";
    }
    if text.starts_with("tmux(") || text.contains(":S.") {
        return "multiplexer";
    }
    let address = text.split('%').next().unwrap_or(text);
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) if address.is_loopback() => "local",
        Ok(IpAddr::V4(address)) if address.is_private() || address.is_link_local() => "private-address",
        Ok(IpAddr::V6(address)) if address.is_loopback() => "local",
        Ok(IpAddr::V6(address)) if address.is_unique_local() || address.is_unicast_link_local() => "private-address",
        Ok(_) => "public-address",
        Err(_) => "named-host",
    }
}
