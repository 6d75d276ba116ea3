//! What there is to read: namespaces, mounts, sign-in methods, policies, audit devices.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use scan_contract::Cause;
use serde_json::value::RawValue;

use super::Reading;
use crate::client::Heard;
use crate::mount::{Engine, Namespace};
use crate::names::shown;
use crate::place::Mounts;
use crate::scopes::{AUDIT_DEVICES, AUTH_METHODS, MOUNTS, NAMESPACES, POLICIES};
use crate::settings::Namespaces;
use crate::target::Target;
use crate::wire::NamespaceInfo;
use crate::work::Work;

/// Namespaces below this one. Those to be read are returned.
pub(super) async fn namespaces(reading: Reading<'_>) -> Result<Vec<Namespace>, Cause> {
    let Reading { inner, place, .. } = reading;
    let walk = reading.begin(NAMESPACES).await?;
    let target = Target::of("sys/namespaces");
    let heard = match inner.client.hear_list(&place.namespace, &target, None).await {
        // The free edition of Vault has no namespaces, and no such path.
        Ok(Heard::NoPath(_) | Heard::NotOffered) if place.namespace.is_root() => {
            walk.seal().await?;
            return Ok(Vec::new());
        }
        Ok(heard) => heard,
        Err(cause) => return walk.fail(cause).await.map(|()| Vec::new()),
    };
    let listing = match crate::client::listing(&place.namespace, &target, heard) {
        Ok(listing) => listing.unwrap_or_default(),
        Err(cause) => return walk.fail(cause).await.map(|()| Vec::new()),
    };
    walk.warned("list of namespaces", listing.warnings).await?;
    let mut below = Vec::new();
    let depth = place.namespace.path().split('/').filter(|part| !part.is_empty()).count() + 1;
    let listed: BTreeSet<Namespace> = inner.first_namespaces().into_iter().collect();
    for key in &listing.keys {
        let found = place.namespace.below(key);
        match listing.info.get(key).map(|raw| serde_json::from_str::<NamespaceInfo>(raw.get())) {
            Some(Ok(info)) if info.locked == Some(true) => {
                let what = format!("namespace {}: its interface is locked", shown(found.path()));
                walk.part(found.path(), Cause::NotSupported { what }).await?;
            }
            // Other servers describe nothing here, or do not know the word.
            Some(Ok(_)) | None => {}
            Some(Err(error)) => walk.part(found.path(), super::undecodable(&error)).await?,
        }
        match inner.settings.namespaces {
            Namespaces::Discover if depth > inner.settings.caps.depth => {
                let limit = format!("{} levels of namespaces", inner.settings.caps.depth);
                walk.part(found.path(), Cause::LimitHit { limit }).await?;
            }
            Namespaces::Discover => below.push(found),
            Namespaces::Listed(_) if listed.contains(&found) => {}
            Namespaces::Listed(_) => {
                let what = format!("namespace {} in the configuration, or discovery", shown(found.path()));
                walk.part(found.path(), Cause::Needs { what }).await?;
            }
        }
    }
    walk.seal().await?;
    Ok(below)
}

/// Secrets engines.
pub(super) async fn mounts(reading: Reading<'_>) -> Result<(), Cause> {
    let Reading { inner, place, .. } = reading;
    let mounts = place.engines(&inner.client, &inner.settings).await;
    let unread = [
        "kv",
        "generic",
        "pki",
        "ssh",
        "database",
        "cubbyhole",
        "ns_cubbyhole",
        "system",
        "ns_system",
        "identity",
        "ns_identity",
    ];
    tell_mounts(reading, MOUNTS, &mounts, &unread).await
}

/// Sign-in methods.
pub(super) async fn methods(reading: Reading<'_>) -> Result<(), Cause> {
    let Reading { inner, place, .. } = reading;
    let mounts = place.methods(&inner.client, &inner.settings).await;
    tell_mounts(reading, AUTH_METHODS, &mounts, &["token", "ns_token"]).await
}

/// Types without a reader of their own are told: what they hold is seen only through entities, tokens and leases.
async fn tell_mounts(reading: Reading<'_>, kind: &str, mounts: &Arc<Mounts>, silent: &[&str]) -> Result<(), Cause> {
    let walk = reading.begin(kind).await?;
    if let Some(cause) = &mounts.trouble {
        return walk.fail(cause.clone()).await;
    }
    for path in &mounts.damaged {
        walk.part(shown(path), Cause::Malformed { what: String::from("its description cannot be decoded") }).await?;
    }
    let mut others: Vec<String> = Vec::new();
    for mount in &mounts.found {
        if let Engine::Other(word) = &mount.engine
            && !silent.contains(&word.as_str())
        {
            others.push(format!("{} ({})", shown(&mount.path), shown(word)));
        }
    }
    if !others.is_empty() {
        let place = if reading.place.namespace.is_root() { "root" } else { reading.place.namespace.path() };
        walk.notice(format!(
            "namespace {place}: mounts of types that are not read by themselves: {}",
            others.iter().take(20).cloned().collect::<Vec<_>>().join(", ")
        ))
        .await?;
    }
    walk.seal().await
}

/// Texts of policies, read once; every judgement of reach rests on them.
pub(super) async fn policies(reading: Reading<'_>) -> Result<(), Cause> {
    let Reading { inner, place, .. } = reading;
    let walk = reading.begin(POLICIES).await?;
    let mut names: BTreeSet<String> = BTreeSet::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let target = Target::of("sys/policies/acl").below(&folder);
        let listing = match inner.client.list(&place.namespace, &target).await {
            Ok(listing) => listing.unwrap_or_default(),
            Err(cause) if folder.is_empty() => return walk.fail(cause).await,
            Err(cause) => {
                walk.part(shown(&folder), cause).await?;
                continue;
            }
        };
        walk.warned("list of policies", listing.warnings).await?;
        for key in listing.keys {
            let whole = format!("{folder}{key}");
            // OpenBao lists policies whose names hold a slash as folders.
            if !key.ends_with('/') {
                names.insert(whole);
            } else if whole.matches('/').count() <= inner.settings.caps.depth {
                folders.push(whole);
            } else {
                walk.part(shown(&whole), Cause::LimitHit { limit: String::from("levels of policy names") }).await?;
            }
        }
    }
    names.remove("root");
    let limit = inner.settings.caps.definitions;
    if names.len() > limit {
        walk.whole(Cause::LimitHit { limit: format!("{limit} policies") }).await?;
    }
    let mut work = Work::new(names.into_iter().take(limit), inner.side_by_side(), |name| {
        let (inner, place) = (Arc::clone(inner), Arc::clone(place));
        async move {
            let read = place.policy(&inner.client, &name).await;
            (name, read)
        }
    });
    while let Some(ended) = work.next().await {
        let (name, read) = ended?;
        if let Err(cause) = read {
            walk.part(format!("policy {}", shown(&name)), cause).await?;
        }
    }
    own_lists(reading, &walk).await?;
    walk.seal().await
}

/// A policy can cut or filter lists without a word in the answer (OpenBao). If ours does, no list proves anything.
async fn own_lists(reading: Reading<'_>, walk: &crate::walk::Walk<'_>) -> Result<(), Cause> {
    let Reading { inner, place, .. } = reading;
    if place.namespace != inner.home() {
        return Ok(());
    }
    let Ok(Some(own)) = inner.own_token().await else { return Ok(()) };
    for name in own.policies.iter().chain(own.identity_policies.iter().flatten()) {
        let Ok(Some(policy)) = place.policy(&inner.client, name).await else { continue };
        if policy.rules.iter().any(|rule| rule.shortens_lists) {
            let what = format!(
                "policy {} of the scanner itself cuts or filters lists; take pagination_limit and list_scan_response_keys_filter_path out of it",
                shown(name)
            );
            walk.whole(Cause::NotProven { what }).await?;
        }
    }
    Ok(())
}

/// Whether reads and sign-ins leave a trace.
pub(super) async fn audit_devices(reading: Reading<'_>) -> Result<(), Cause> {
    let Reading { inner, place, .. } = reading;
    let walk = reading.begin(AUDIT_DEVICES).await?;
    let target = Target::of("sys/audit");
    let devices: Option<BTreeMap<String, Box<RawValue>>> = match inner.client.read(&place.namespace, &target).await {
        Ok(devices) => devices,
        Err(cause) => return walk.fail(cause).await,
    };
    // The table is always there, empty or not.
    let Some(devices) = devices else {
        return walk.fail(Cause::Malformed { what: String::from("sys/audit: no table of devices") }).await;
    };
    if devices.is_empty() {
        walk.notice(
            "no audit device is on: sign-ins and reads of secrets leave no trace, so nobody can tell what a person who left has read",
        )
        .await?;
    }
    walk.seal().await
}
