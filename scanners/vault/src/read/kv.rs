//! Key-value stores: metadata of secrets, never their values. Each folder and each secret is asked for once in a run,
//! whoever needs it.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use scan_contract::{Access, AccessKind, Cause, Fact, Instant, Privilege, Status};
use tokio::sync::OnceCell;

use super::Reading;
use crate::client::{Heard, PageOf};
use crate::mount::{Engine, Mount, Namespace};
use crate::names::shown;
use crate::scanner::Inner;
use crate::scopes::{KV_STORES, SECRET_OWNERS};
use crate::settings::Switch;
use crate::target::Target;
use crate::wire::{self, ListedSecret, Listing, SecretMetadata, SecretVersion};

/// Names asked for at once where the server cuts lists.
const PAGE: usize = 1_000;

/// What is left of a secret. Whoever may read it may name any of its versions, so one that is there is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Versions {
    /// One can be read at least. The server deletes it by itself at this instant, if one is given.
    There(Option<Instant>),
    /// None can be read. Those that are not destroyed can be brought back; the last was deleted at this instant.
    Deleted(Instant),
    /// All are gone for good.
    Destroyed,
    /// The metadata does not say.
    NotSaid,
}

/// What is kept of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Secret {
    /// When it was first written.
    pub(super) created: Option<Instant>,
    /// When the newest version that is left was written.
    pub(super) rotated: Option<Instant>,
    /// What is left of it.
    pub(super) versions: Versions,
    /// Metadata set by operators.
    pub(super) custom: BTreeMap<String, String>,
}

/// A folder: names below it, and secrets whose metadata came with the list.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// Folders below, with their closing slash.
    pub(super) folders: Vec<String>,
    /// Secrets.
    pub(super) secrets: Vec<String>,
    detailed: HashMap<String, Result<Option<Arc<Secret>>, Cause>>,
    /// Warnings of the server.
    pub(super) warnings: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detailed {
    /// Lists come with metadata (OpenBao).
    Offered,
    /// They do not, or may not be asked for: one question for each secret.
    No,
}

type Once<T> = Arc<OnceCell<Result<T, Cause>>>;

/// One store.
pub(crate) struct Store {
    mount: Mount,
    detailed: OnceCell<Detailed>,
    folders: Mutex<HashMap<String, Once<Arc<Folder>>>>,
    secrets: Mutex<HashMap<String, Once<Option<Arc<Secret>>>>>,
    kept: AtomicUsize,
}

impl Store {
    pub(crate) fn new(mount: Mount) -> Self {
        Self {
            mount,
            detailed: OnceCell::new(),
            folders: Mutex::default(),
            secrets: Mutex::default(),
            kept: AtomicUsize::new(0),
        }
    }

    fn reserve(&self, inner: &Inner, more: usize) -> Result<(), Cause> {
        let limit = inner.settings.caps.secrets;
        if self.kept.fetch_add(more, Ordering::Relaxed) + more > limit {
            return Err(Cause::LimitHit { limit: format!("{limit} folders and secrets of {}", self.mount.full()) });
        }
        Ok(())
    }

    /// What is in a folder (empty for the top, else with its closing slash).
    pub(super) async fn folder(&self, inner: &Inner, namespace: &Namespace, path: &str) -> Result<Arc<Folder>, Cause> {
        let cell = {
            let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(folders.entry(path.to_owned()).or_default())
        };
        cell.get_or_init(|| async {
            let folder = self.read_folder(inner, namespace, path).await?;
            self.reserve(inner, 1 + folder.folders.len() + folder.secrets.len())?;
            Ok(Arc::new(folder))
        })
        .await
        .clone()
    }

    async fn read_folder(&self, inner: &Inner, namespace: &Namespace, path: &str) -> Result<Folder, Cause> {
        let detailed = *self.detailed.get_or_try_init(|| async { self.probe(inner, namespace).await }).await?;
        if detailed == Detailed::Offered {
            return self.read_detailed(inner, namespace, path).await;
        }
        let target = Target::at(&self.mount).then("metadata").below(path);
        let listing = inner.client.list(namespace, &target).await?.unwrap_or_default();
        Ok(folder_of(listing, inner.client.now()))
    }

    /// Asked once a store: another server, or another policy, answers with a refusal, and the plain list is used.
    async fn probe(&self, inner: &Inner, namespace: &Namespace) -> Result<Detailed, Cause> {
        let target = Target::at(&self.mount).then("detailed-metadata");
        let first = PageOf { after: "", limit: 1 };
        Ok(match inner.client.hear_list(namespace, &target, Some(first)).await? {
            Heard::Found(_) => Detailed::Offered,
            // An empty store, or a server that takes the path for a secret of the old interface: the plain list decides.
            Heard::Nothing | Heard::NoPath(_) | Heard::Refused(_) | Heard::Invalid(_) | Heard::NotOffered => {
                Detailed::No
            }
        })
    }

    async fn read_detailed(&self, inner: &Inner, namespace: &Namespace, path: &str) -> Result<Folder, Cause> {
        let target = Target::at(&self.mount).then("detailed-metadata").below(path);
        let mut whole = Folder::default();
        let mut after = String::new();
        loop {
            let page = PageOf { after: &after, limit: PAGE };
            let heard = inner.client.hear_list(namespace, &target, Some(page)).await?;
            // Explicitly nothing after this name: the end.
            let Some(listing) = crate::client::listing(namespace, &target, heard)? else { return Ok(whole) };
            let Some(last) = listing.keys.last().cloned() else {
                whole.warnings += listing.warnings;
                return Ok(whole);
            };
            if last <= after {
                let what = format!("{}: the server gave the same names twice", target.shown());
                return Err(Cause::Malformed { what });
            }
            let folder = folder_of(listing, inner.client.now());
            whole.folders.extend(folder.folders);
            whole.secrets.extend(folder.secrets);
            whole.detailed.extend(folder.detailed);
            whole.warnings += folder.warnings;
            if whole.secrets.len() + whole.folders.len() > inner.settings.caps.secrets {
                let limit = format!("{} names in one folder", inner.settings.caps.secrets);
                return Err(Cause::LimitHit { limit });
            }
            after = last;
        }
    }

    /// Metadata of a secret of `folder`. `None`: it was deleted since the list was read.
    pub(super) async fn secret(
        &self,
        inner: &Inner,
        namespace: &Namespace,
        folder: &Folder,
        path: &str,
    ) -> Result<Option<Arc<Secret>>, Cause> {
        let name = path.rsplit('/').next().unwrap_or(path);
        if let Some(known) = folder.detailed.get(name) {
            return known.clone();
        }
        let cell = {
            let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(secrets.entry(path.to_owned()).or_default())
        };
        cell.get_or_init(|| async {
            let target = Target::at(&self.mount).then("metadata").below(path);
            let read = inner.client.read::<SecretMetadata>(namespace, &target).await?;
            Ok(read.map(|metadata| Arc::new(secret_of(metadata, inner.client.now()))))
        })
        .await
        .clone()
    }
}

fn folder_of(listing: Listing, now: Instant) -> Folder {
    let (folders, secrets): (Vec<String>, Vec<String>) = listing.keys.into_iter().partition(|key| key.ends_with('/'));
    let detailed = listing
        .info
        .into_iter()
        .filter(|(name, _)| !name.ends_with('/'))
        .map(|(name, raw)| {
            let read = match serde_json::from_str::<ListedSecret>(raw.get()) {
                Ok(ListedSecret::Told(metadata)) => Ok(Some(Arc::new(secret_of(metadata, now)))),
                Ok(ListedSecret::Nothing(_)) => Ok(None),
                Err(_) => Err(Cause::Malformed { what: String::from("metadata that cannot be decoded") }),
            };
            (name, read)
        })
        .collect();
    Folder { folders, secrets, detailed, warnings: listing.warnings }
}

fn secret_of(metadata: SecretMetadata, now: Instant) -> Secret {
    let (versions, written) = versions_of(&metadata, now);
    Secret {
        created: wire::instant(&metadata.created_time),
        rotated: written.and_then(wire::instant),
        versions,
        custom: metadata.custom_metadata.unwrap_or_default(),
    }
}

/// One version, from what is least left to what is most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Destroyed,
    Deleted(Instant),
    NotSaid,
    There(Option<Instant>),
}

fn state_of(version: &SecretVersion, now: Instant) -> State {
    match version.deletion_time.as_str() {
        _ if version.destroyed => State::Destroyed,
        "" => State::There(None),
        text => match wire::instant(text) {
            // A store or secret with `delete_version_after` sets it at each write; the version is read until then.
            Some(at) if at > now => State::There(Some(at)),
            Some(at) => State::Deleted(at),
            None => State::NotSaid,
        },
    }
}

/// What is left of the versions, and when the newest one of those was written.
fn versions_of(metadata: &SecretMetadata, now: Instant) -> (Versions, Option<&str>) {
    let current = metadata.current_version.to_string();
    // Numbers as text, without zeros before them: the longer one is the greater.
    let mut numbered: Vec<(&String, &SecretVersion)> = metadata.versions.iter().collect();
    numbered.sort_by_key(|&(number, _)| (number.len(), number.as_str()));
    let states: Vec<(State, &str)> =
        numbered.into_iter().map(|(_, version)| (state_of(version, now), version.created_time.as_str())).collect();
    let newest = |wanted: fn(State) -> bool| states.iter().rev().find(|(state, _)| wanted(*state));
    if let Some((State::There(until), written)) = newest(|state| matches!(state, State::There(_))) {
        return (Versions::There(*until), Some(*written));
    }
    // Of the newest version something must be said before all are called gone.
    let said = metadata.versions.contains_key(&current) && states.iter().all(|(state, _)| *state != State::NotSaid);
    let last = states.iter().map(|(state, _)| *state).max();
    let written = newest(|state| state != State::Destroyed).or(states.last()).map(|(_, written)| *written);
    match last {
        Some(State::Deleted(at)) if said => (Versions::Deleted(at), written),
        Some(State::Destroyed) if said => (Versions::Destroyed, written),
        _ => (Versions::NotSaid, written),
    }
}

/// The stores of a namespace. Those of version 1 keep no times: whether a secret was rotated cannot be told.
pub(super) async fn stores(reading: Reading<'_>) -> Result<(), Cause> {
    let walk = reading.begin(KV_STORES).await?;
    let engines = reading.place.engines(&reading.inner.client, &reading.inner.settings).await;
    if let Some(cause) = &engines.trouble {
        return walk.fail(cause.clone()).await;
    }
    for mount in &engines.found {
        match mount.engine {
            Engine::KvV1 => {
                let what = String::from(
                    "a store of version 1 keeps no times: whether its secrets were rotated cannot be told",
                );
                walk.part(shown(&mount.path), Cause::NotSupported { what }).await?;
            }
            Engine::KvV2 => {
                if let Err(cause) = Target::at(mount).encoded() {
                    walk.part(shown(&mount.path), cause).await?;
                }
            }
            _ => {}
        }
    }
    walk.seal().await
}

/// Owners that the metadata of secrets names: a walk over every secret.
pub(super) async fn owners(reading: Reading<'_>) -> Result<(), Cause> {
    let Reading { inner, place, .. } = reading;
    if inner.settings.secret_owners == Switch::Off {
        let what =
            String::from("secret_owners: on; one question for each secret on Vault, one for each folder on OpenBao");
        return reading.refuse(SECRET_OWNERS, Cause::Needs { what }).await;
    }
    let mut walk = reading.begin(SECRET_OWNERS).await?;
    let Some(mounts) = reading.mounts(&walk, &Engine::KvV2).await? else { return Ok(()) };
    for mount in mounts {
        let store = place.store(&mount);
        let mut folders = vec![String::new()];
        while let Some(path) = folders.pop() {
            let folder = match store.folder(inner, &place.namespace, &path).await {
                Ok(folder) => folder,
                Err(cause) => {
                    walk.part(shown(&format!("{}/{path}", mount.path)), cause).await?;
                    continue;
                }
            };
            walk.warned(&shown(&format!("{}/{path}", mount.path)), folder.warnings).await?;
            folders.extend(folder.folders.iter().map(|below| format!("{path}{below}")));
            for name in &folder.secrets {
                let whole = format!("{path}{name}");
                match store.secret(inner, &place.namespace, &folder, &whole).await {
                    Ok(Some(secret)) => {
                        if let Some(access) = owned(reading, &mount, &whole, &secret) {
                            walk.record(access).await?;
                        }
                    }
                    Ok(None) => {}
                    Err(cause) => walk.part(shown(&format!("{}/{whole}", mount.path)), cause).await?,
                }
            }
        }
    }
    walk.seal().await
}

fn owned(reading: Reading<'_>, mount: &Mount, path: &str, secret: &Secret) -> Option<Access> {
    let holders = crate::facts::owners(&secret.custom, &reading.inner.settings.owner_keys);
    if holders.is_empty() {
        return None;
    }
    let id = reading.grant(&format!("{}/{path}", mount.path));
    let mut access = Access::new(reading.name(SECRET_OWNERS), AccessKind::Ownership, id, Status::Enabled);
    access.grant_display = Some(format!("answers for secret {}/{path}", mount.path));
    access.target = Some(format!("{}{}/{path}", reading.place.namespace.prefix(), mount.path));
    access.holders = holders;
    access.privilege = Privilege::None;
    access.privilege_reason = Some(String::from("metadata names who answers for the secret; it opens nothing"));
    access.created_at = when(secret.created);
    access.rotated_at = when(secret.rotated);
    access.expires_at = Fact::None;
    access.last_used_at = Fact::Hidden(String::from("an ownership is not used"));
    Some(access)
}

/// A time that metadata gives.
pub(super) fn when(at: Option<Instant>) -> Fact<scan_contract::Moment> {
    at.map_or_else(Fact::not_given, |at| Fact::Known(scan_contract::Moment::exact(at)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn at(text: &str) -> Instant {
        wire::instant(text).expect("an instant")
    }

    /// Versions 1, 2, ... by deletion time and whether they are destroyed, version `n` written on day `n` of January.
    fn judged(versions: &[(&str, bool)], current: usize) -> (Versions, Option<Instant>) {
        let told: serde_json::Map<String, Value> = versions
            .iter()
            .enumerate()
            .map(|(index, (deleted, destroyed))| {
                let written = format!("2026-01-{:02}T00:00:00Z", index + 1);
                let version = json!({ "created_time": written, "deletion_time": deleted, "destroyed": destroyed });
                ((index + 1).to_string(), version)
            })
            .collect();
        let metadata = json!({ "created_time": "2026-01-01T00:00:00Z", "current_version": current, "versions": told });
        let metadata: SecretMetadata = serde_json::from_value(metadata).expect("metadata");
        let secret = secret_of(metadata, at("2026-03-01T00:00:00Z"));
        (secret.versions, secret.rotated)
    }

    #[test]
    fn one_version_that_is_there_keeps_a_secret_open_and_none_is_gone_before_its_time() {
        const LIVE: (&str, bool) = ("", false);
        const GONE: (&str, bool) = ("", true);
        const FEBRUARY: (&str, bool) = ("2026-02-01T00:00:00Z", false);
        const MARCH: (&str, bool) = ("2026-03-01T00:00:00Z", false);
        const APRIL: (&str, bool) = ("2026-04-01T00:00:00Z", false);
        const NONSENSE: (&str, bool) = ("soon", false);
        let day = |day: u32| Some(at(&format!("2026-01-{day:02}T00:00:00Z")));
        for (versions, state, rotated) in [
            (&[LIVE][..], Versions::There(None), day(1)),
            (&[APRIL], Versions::There(Some(at(APRIL.0))), day(1)),
            (&[MARCH], Versions::Deleted(at(MARCH.0)), day(1)),
            (&[LIVE, GONE], Versions::There(None), day(1)),
            (&[LIVE, FEBRUARY], Versions::There(None), day(1)),
            (&[GONE, LIVE], Versions::There(None), day(2)),
            (&[LIVE, NONSENSE], Versions::There(None), day(1)),
            (&[MARCH, FEBRUARY, GONE], Versions::Deleted(at(MARCH.0)), day(2)),
            (&[GONE, GONE], Versions::Destroyed, day(2)),
            (&[NONSENSE, GONE], Versions::NotSaid, day(1)),
            (&[FEBRUARY, NONSENSE], Versions::NotSaid, day(2)),
            (&[], Versions::NotSaid, None),
            // Ten comes after nine.
            (&[LIVE, GONE, GONE, GONE, GONE, GONE, GONE, GONE, LIVE, LIVE], Versions::There(None), day(10)),
        ] {
            assert_eq!(judged(versions, versions.len()), (state, rotated), "{versions:?}");
        }
        // Of the newest version nothing is said: the others are not all there is.
        assert_eq!(judged(&[GONE], 2).0, Versions::NotSaid);
        assert_eq!(judged(&[FEBRUARY], 2).0, Versions::NotSaid);
        assert_eq!(judged(&[LIVE], 2).0, Versions::There(None));
    }
}
