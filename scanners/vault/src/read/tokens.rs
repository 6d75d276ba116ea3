//! Service tokens, by their accessors.

use std::sync::{Arc, PoisonError};

use scan_contract::{Access, AccessKind, Cause, Fact, GrantId, Holder, IdentifierKind, Relation, Status, Subtype};
use serde::Serialize;

use super::Reading;
use crate::client::{Heard, decode};
use crate::facts::{by_name, digest, epoch, has_passed, moment, put_metadata};
use crate::names::shown;
use crate::scopes::TOKENS;
use crate::settings::Switch;
use crate::target::Target;
use crate::walk::Walk;
use crate::wire::{OwnToken, Token};
use crate::work::Work;

/// The question for one token.
#[derive(Serialize)]
pub(super) struct ByAccessor<'a> {
    pub(super) accessor: &'a str,
}

/// Whether a look-up says that the token is no longer there: its accessor is not known, or leads to a token that just
/// ended (`403` in some versions).
pub(super) fn is_gone(heard: &Heard) -> bool {
    heard.is_gone(&["invalid accessor", "bad token"])
}

/// What a look-up showed.
enum Seen {
    Token(Box<Token>),
    /// It ended between the list and the look-up.
    Gone,
    Refused,
}

/// Reads every token of the namespace: nobody knows before whose it is.
pub(super) async fn read(reading: Reading<'_>) -> Result<(), Cause> {
    let Reading { inner, place, .. } = reading;
    if inner.settings.token_accessors == Switch::Off {
        let path = format!("{}auth/token/accessors", place.namespace.prefix());
        let what = format!("token_accessors: on, and list, sudo on {path}; an accessor is a handle for revocation");
        return reading.refuse(TOKENS, Cause::Needs { what }).await;
    }
    if inner.replays() {
        let what = String::from("a recording holds no accessors");
        return reading.refuse(TOKENS, Cause::NotInSource { what }).await;
    }
    let mut walk = reading.begin(TOKENS).await?;
    let listing = match inner.client.list(&place.namespace, &Target::of("auth/token/accessors")).await {
        Ok(listing) => listing.unwrap_or_default(),
        Err(cause) => return walk.fail(cause).await,
    };
    walk.warned("list of accessors", listing.warnings).await?;
    let limit = inner.settings.caps.tokens;
    if listing.keys.len() > limit {
        walk.whole(Cause::LimitHit { limit: format!("{limit} tokens") }).await?;
    }
    let own = match own_accessor(reading).await {
        Ok(own) => own,
        Err(cause) => walk.whole(cause).await.map(|()| None)?,
    };
    if own.as_ref().is_some_and(|own| !listing.keys.contains(own)) {
        walk.whole(Cause::NotSeen { what: String::from("the token of the scanner itself") }).await?;
    }
    let keys = listing.keys.into_iter().take(limit).filter(|key| Some(key) != own.as_ref());
    look_up(reading, &mut walk, keys).await?;
    walk.seal().await
}

/// Our own accessor, if our token is a service token of this namespace.
async fn own_accessor(reading: Reading<'_>) -> Result<Option<String>, Cause> {
    let here = |own: &OwnToken| own.namespace() == reading.place.namespace;
    let Some(own) = reading.inner.own_token().await?.filter(here) else { return Ok(None) };
    if own.kind.as_deref() == Some("batch") {
        return Ok(None);
    }
    match own.accessor.filter(|accessor| !accessor.is_empty()) {
        Some(accessor) => Ok(Some(accessor)),
        None => Err(Cause::NotSeen { what: String::from("the accessor of the scanner's own token") }),
    }
}

async fn look_up(
    reading: Reading<'_>,
    walk: &mut Walk<'_>,
    keys: impl Iterator<Item = String> + Send,
) -> Result<(), Cause> {
    let Reading { inner, place, .. } = reading;
    let target = Target::of("auth/token/lookup-accessor");
    let mut work = Work::new(keys, inner.side_by_side(), |accessor: String| {
        let (inner, place, target) = (Arc::clone(inner), Arc::clone(place), target.clone());
        async move {
            let heard = inner.client.hear_post(&place.namespace, &target, &ByAccessor { accessor: &accessor }).await;
            let seen = match heard {
                Ok(heard) if is_gone(&heard) => Ok(Seen::Gone),
                Ok(Heard::Refused(_)) => Ok(Seen::Refused),
                Ok(heard) => decode::<Token>(&place.namespace, &target, heard, "update")
                    .map(|token| token.map_or(Seen::Gone, |token| Seen::Token(Box::new(token)))),
                Err(cause) => Err(cause),
            };
            (accessor, seen)
        }
    });
    let mut refused = 0_usize;
    while let Some(ended) = work.next().await {
        let (accessor, seen) = ended?;
        match seen {
            Ok(Seen::Token(token)) => {
                let access = token_access(reading, &accessor, &token).await;
                walk.record(access).await?;
            }
            Ok(Seen::Gone) => {}
            Ok(Seen::Refused) => refused += 1,
            Err(cause) => walk.part(format!("token {}", digest(&accessor)), cause).await?,
        }
    }
    // The right is for the path, not for one token: told once.
    if refused > 0 {
        let part = format!("look-ups of {refused} tokens");
        walk.part(part, target.denied(&place.namespace, "update")).await?;
    }
    Ok(())
}

async fn token_access(reading: Reading<'_>, accessor: &str, token: &Token) -> Access {
    let Reading { inner, place, .. } = reading;
    let now = inner.client.now();
    let id = digest(accessor);
    let handle = (place.namespace.clone(), accessor.to_owned());
    inner.accessors.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), handle);
    let expires = moment(token.expire_time.as_deref(), Fact::None);
    let status = if has_passed(&expires, now) { Status::Expired } else { Status::Enabled };
    let path = token.path.as_str();
    let period = token.period.filter(|period| *period > 0);
    let signed_in = sign_in_mount(path);
    let kind = if signed_in.is_some() && period.is_none() { AccessKind::Session } else { AccessKind::ApiToken };
    let mut access = Access::new(reading.name(TOKENS), kind, GrantId::from(id.as_str()), status);
    access.subtype = Some(Subtype::VaultToken);
    access.grant_display = Some(format!("token {} made at {path}", token.display_name));
    access.target = Some(format!("{}token", place.namespace.prefix()));
    access.created_at = epoch(token.creation_time);
    access.expires_at = expires;
    access.last_used_at = Fact::Hidden(String::from("only the audit log says when a token was used"));
    access.client = signed_in.map(|mount| format!("auth/{mount}"));
    access.holders = whose(reading, token);
    if let Some(entity) = Some(token.entity_id.as_str()).filter(|entity| !entity.is_empty()) {
        access.parent = Some(GrantId::from(entity));
        place.remember_token(entity, &token.policies);
    }
    let mut policies = token.policies.clone();
    policies.extend(token.identity_policies.iter().flatten().cloned());
    let reach = place.reach(&inner.client, &policies).await;
    access.privilege = reach.privilege;
    access.privilege_reason = Some(reach.reason);
    access.evidence = remarks(token, period);
    access
}

/// What makes a token outlive its maker.
fn remarks(token: &Token, period: Option<i64>) -> Vec<String> {
    let mut remarks = Vec::new();
    if token.orphan == Some(true) {
        remarks.push(String::from("orphan: it does not end with the token it was made with"));
    }
    if let Some(period) = period {
        remarks.push(format!("periodic: renewed within {period} s each time, it never ends"));
    }
    if token.expire_time.is_none() {
        remarks.push(String::from("without an end"));
    }
    if let Some(uses) = token.num_uses.filter(|uses| *uses > 0) {
        remarks.push(format!("{uses} uses left"));
    }
    if let Some(role) = &token.role {
        remarks.push(format!("made with token role {role}"));
    }
    if let Some(renewed) = &token.last_renewal {
        remarks.push(format!("renewed at {}", shown(renewed)));
    }
    remarks
}

/// The mount of `auth/<mount>/login..` and of the OIDC callback: the token is a sign-in's.
fn sign_in_mount(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("auth/")?;
    let (mount, _) = rest.split_once("/login").or_else(|| rest.split_once("/oidc/callback"))?;
    (mount != "token").then_some(mount)
}

/// Entity first; else whoever signed in; else what its maker wrote on it, which is a claim.
fn whose(reading: Reading<'_>, token: &Token) -> Vec<Holder> {
    let providers = &reading.inner.settings.identity_providers;
    if let Some(entity) = Some(token.entity_id.as_str()).filter(|entity| !entity.is_empty()) {
        return reading.place.people().holders(entity, Relation::Holder, providers);
    }
    let path = token.path.as_str();
    let mut holder = Holder::new(Relation::Holder);
    if let Some(meta) = &token.meta {
        put_metadata(&mut holder, meta);
    }
    let named = holder.login.is_some() || holder.email.is_some() || holder.employee_id.is_some();
    if sign_in_mount(path).is_some() {
        if !named && let Some(user) = path.rsplit_once("/login/").map(|(_, user)| user) {
            holder = by_name(Relation::Holder, user);
        }
    } else if !named
        // The server puts this before the name that the maker chose; without it, nobody chose one.
        && let Some(name) = token.display_name.strip_prefix("token-").filter(|name| !name.is_empty())
    {
        holder = by_name(Relation::Holder, name);
    }
    if holder.login.is_none() && holder.email.is_none() && holder.employee_id.is_none() {
        return Vec::new();
    }
    // Who makes a token by hand chooses its name and metadata.
    if sign_in_mount(path).is_none() {
        holder.verified = Some(Vec::<IdentifierKind>::new());
    }
    vec![holder]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_is_told_from_a_token_made_by_hand() {
        for (path, mount) in [
            ("auth/userpass/login/alice", Some("userpass")),
            ("auth/team/ldap/login/bob", Some("team/ldap")),
            ("auth/oidc/oidc/callback", Some("oidc")),
            ("auth/approle/login", Some("approle")),
            ("auth/token/create", None),
            ("auth/token/create-orphan", None),
            ("", None),
        ] {
            assert_eq!(sign_in_mount(path), mount, "{path}");
        }
    }
}
