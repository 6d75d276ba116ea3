//! Public keys of people: SSH keys in bulk, GPG and signing keys for one person.
//!
//! The platform shows no dates of somebody else's keys, and prints fingerprints in three ways: they are computed here.

use chrono::{DateTime, Utc};
use scan_contract::{Access, AccessKind, Cause, Fact, GrantId, ScopeName, Status};
use serde::Deserialize;
use serde_json::json;

use crate::graph::{Cursors, PageInfo, Stride, ask_page};
use crate::hub::Hub;
use crate::list::{List, fetch};
use crate::queries::PUBLIC_KEYS;
use crate::text::{end, fingerprint, time};
use crate::told::{Told, Work};

/// Keys a page, for people with more than the first fifty.
const FIRST: u32 = 100;

/// A connection of keys.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PublicKeys {
    total_count: u64,
    #[serde(default)]
    page_info: Option<PageInfo>,
    nodes: Vec<Option<Node>>,
}

#[derive(Debug, Deserialize)]
struct Node {
    key: String,
}

#[derive(Deserialize)]
struct Data {
    user: Option<User>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    public_keys: PublicKeys,
}

/// Tells of the keys that came with a person, and asks for the rest where there are more.
pub(crate) async fn tell(
    work: Work<'_>,
    scope: &ScopeName,
    id: u64,
    login: &str,
    first: PublicKeys,
    told: &mut Told,
) -> Result<(), Cause> {
    if first.total_count <= first.nodes.len() as u64 {
        tell_nodes(scope, id, login, first.nodes, told);
        return Ok(());
    }
    match all(work.hub, login).await {
        Ok(nodes) => tell_nodes(scope, id, login, nodes, told),
        Err(Cause::Stopped) => return Err(Cause::Stopped),
        Err(cause) => {
            tell_nodes(scope, id, login, first.nodes, told);
            told.gap(scope, login, cause);
        }
    }
    Ok(())
}

async fn all(hub: &Hub, login: &str) -> Result<Vec<Option<Node>>, Cause> {
    let mut variables = json!({"login": login, "after": null});
    let (mut stride, mut cursors, mut nodes) = (Stride(hub.settings.page(FIRST)), Cursors::default(), Vec::new());
    loop {
        let graph = ask_page::<Data>(hub, &PUBLIC_KEYS, &mut stride, &mut variables)
            .await
            .map_err(|cause| cursors.place(cause))?;
        if let Some(problem) = graph.problems.first() {
            return Err(problem.cause(hub, &PUBLIC_KEYS));
        }
        let gone = || Cause::Malformed { what: format!("{}: no such person any more", PUBLIC_KEYS.name) };
        let keys = graph.data.user.ok_or_else(gone)?.public_keys;
        nodes.extend(keys.nodes);
        let info =
            keys.page_info.ok_or_else(|| Cause::Malformed { what: format!("{}: no page info", PUBLIC_KEYS.name) })?;
        match cursors.next(&info, PUBLIC_KEYS.name)? {
            Some(cursor) => variables["after"] = json!(cursor),
            None if nodes.len() as u64 == keys.total_count => return Ok(nodes),
            None => {
                let (announced, found) = (keys.total_count, nodes.len() as u64);
                return Err(Cause::CountDiffers { what: format!("public keys of {login}"), announced, found });
            }
        }
    }
}

fn tell_nodes(scope: &ScopeName, id: u64, login: &str, nodes: Vec<Option<Node>>, told: &mut Told) {
    for (position, node) in nodes.into_iter().enumerate() {
        let place = format!("{login}: key {}", position + 1);
        match node.and_then(|node| ssh_key(scope, id, login, &node.key)) {
            Some(access) => told.records.push(access),
            None => told.gap(scope, place, Cause::Malformed { what: String::from("a public key that is none") }),
        }
    }
}

/// One SSH key that opens what its account may open, by Git over SSH.
fn ssh_key(scope: &ScopeName, id: u64, login: &str, line: &str) -> Option<Access> {
    let print = fingerprint(line)?;
    let mut access =
        Access::new(scope.clone(), AccessKind::SshKey, GrantId::from(format!("{id}/{print}")), Status::Enabled);
    let algorithm = line.split_ascii_whitespace().next().unwrap_or("");
    access.grant_display = Some(format!("{login}: {} {print}", crate::text::clean(algorithm, 40)));
    access.public_key = Some(print);
    access.parent = Some(GrantId::from(id.to_string()));
    access.target = Some(String::from("Git over SSH as this account"));
    let hidden = || Fact::Hidden(String::from("GitHub shows it to the owner of the key alone"));
    access.created_at = hidden();
    access.last_used_at = hidden();
    Some(access)
}

#[derive(Deserialize)]
struct RestKey {
    key: String,
}

#[derive(Deserialize)]
struct GpgKey {
    id: u64,
    key_id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
    #[serde(default)]
    revoked: Option<bool>,
}

#[derive(Deserialize)]
struct SigningKey {
    id: u64,
    key: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    created_at: Option<DateTime<Utc>>,
}

/// SSH keys of one person by REST: for those whom no list of members carries.
pub(crate) async fn ssh_keys_of(hub: &Hub, scope: &ScopeName, id: u64, login: &str) -> Result<Told, Cause> {
    let list = List::array(scope, vec!["users", login, "keys"]).of(login);
    let tell = &mut |found: RestKey, told: &mut Told| match ssh_key(scope, id, login, &found.key) {
        Some(access) => told.records.push(access),
        None => told.gap(scope, login, Cause::Malformed { what: String::from("a public key that is none") }),
    };
    Ok(fetch(hub, &list, tell).await?)
}

/// GPG keys and SSH signing keys of one person: they sign commits in the person's name, and open nothing by themselves.
pub(crate) async fn signing_keys_of(hub: &Hub, scope: &ScopeName, id: u64, login: &str) -> Result<Told, Cause> {
    let gpg = List::array(scope, vec!["users", login, "gpg_keys"]).of(login);
    let tell = &mut |found: GpgKey, told: &mut Told| told.records.push(gpg_key(scope, id, login, &found));
    let mut told = fetch(hub, &gpg, tell).await?;
    let signing = List::array(scope, vec!["users", login, "ssh_signing_keys"]).of(login);
    let tell = &mut |found: SigningKey, told: &mut Told| told.records.push(signing_key(scope, id, login, &found));
    let more = fetch(hub, &signing, tell).await?;
    told.records.extend(more.records);
    told.gaps.extend(more.gaps);
    Ok(told)
}

fn gpg_key(scope: &ScopeName, id: u64, login: &str, found: &GpgKey) -> Access {
    let status = if found.revoked == Some(true) { Status::Revoked } else { Status::Enabled };
    let grant = GrantId::from(format!("{id}/gpg/{}", found.id));
    let mut access = Access::new(scope.clone(), AccessKind::Certificate, grant, status);
    access.grant_display = Some(
        format!("{login}: GPG key {} {}", found.key_id, found.name.as_deref().unwrap_or("")).trim_end().to_owned(),
    );
    access.parent = Some(GrantId::from(id.to_string()));
    access.privilege = scan_contract::Privilege::None;
    access.privilege_reason = Some(String::from("signs commits and tags; opens nothing"));
    access.created_at = time(found.created_at);
    access.expires_at = end(found.expires_at);
    access.last_used_at = Fact::Hidden(String::from("GitHub does not record the use of a signing key"));
    access
}

fn signing_key(scope: &ScopeName, id: u64, login: &str, found: &SigningKey) -> Access {
    let grant = GrantId::from(format!("{id}/signing/{}", found.id));
    let mut access = Access::new(scope.clone(), AccessKind::Certificate, grant, Status::Enabled);
    let title = found.title.as_deref().unwrap_or("");
    access.grant_display = Some(format!("{login}: SSH signing key {title}").trim_end().to_owned());
    access.public_key = fingerprint(&found.key);
    access.parent = Some(GrantId::from(id.to_string()));
    access.privilege = scan_contract::Privilege::None;
    access.privilege_reason = Some(String::from("signs commits and tags; opens nothing"));
    access.created_at = time(found.created_at);
    access.expires_at = Fact::None;
    access.last_used_at = Fact::Hidden(String::from("GitHub does not record the use of a signing key"));
    access
}
