//! What was learned of one namespace in this run. Everything is asked for once, when it is first needed, so that a
//! follow-up can be read by its name alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use scan_contract::Cause;
use tokio::sync::OnceCell;

use crate::acl::{Acl, Policy, Reach, Subject, judge};
use crate::client::{Client, Heard};
use crate::mount::{Engine, Mount, Namespace};
use crate::people::People;
use crate::read::kv::Store;
use crate::read::methods::RoleBook;
use crate::settings::Settings;
use crate::target::Target;
use crate::wire::{Group, MountInfo, PolicyText};

/// Mounts of a namespace, and why some may be missing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mounts {
    /// What is mounted.
    pub(crate) found: Vec<Mount>,
    /// Why they could not be discovered.
    pub(crate) trouble: Option<Cause>,
    /// Mounts whose description could not be decoded.
    pub(crate) damaged: Vec<String>,
    /// The namespace itself does not exist.
    pub(crate) absent: Option<Cause>,
}

type Once<T> = Arc<OnceCell<Result<T, Cause>>>;

/// One namespace.
pub(crate) struct Place {
    /// Which.
    pub(crate) namespace: Namespace,
    people: RwLock<Arc<People>>,
    engines: OnceCell<Arc<Mounts>>,
    methods: OnceCell<Arc<Mounts>>,
    policies: Mutex<HashMap<String, Once<Option<Arc<Policy>>>>>,
    groups: Mutex<HashMap<String, Once<Option<Arc<Group>>>>>,
    reaches: Mutex<HashMap<Vec<String>, Reach>>,
    stores: Mutex<BTreeMap<String, Arc<Store>>>,
    books: Mutex<HashMap<String, Arc<RoleBook>>>,
    /// Policies seen on live tokens, by entity.
    token_policies: Mutex<HashMap<String, BTreeSet<String>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Place {
    pub(crate) fn new(namespace: Namespace) -> Self {
        Self {
            namespace,
            people: RwLock::default(),
            engines: OnceCell::new(),
            methods: OnceCell::new(),
            policies: Mutex::default(),
            groups: Mutex::default(),
            reaches: Mutex::default(),
            stores: Mutex::default(),
            books: Mutex::default(),
            token_policies: Mutex::default(),
        }
    }

    /// People as far as they were listed.
    pub(crate) fn people(&self) -> Arc<People> {
        Arc::clone(&self.people.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Remembers people.
    pub(crate) fn remember_people(&self, people: People) {
        *self.people.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(people);
    }

    /// Remembers which policies a live token of an entity has.
    pub(crate) fn remember_token(&self, entity: &str, policies: &[String]) {
        let mut known = lock(&self.token_policies);
        known.entry(entity.to_owned()).or_default().extend(policies.iter().cloned());
    }

    /// Policies seen on live tokens of an entity.
    pub(crate) fn token_policies(&self, entity: &str) -> Vec<String> {
        lock(&self.token_policies).get(entity).map(|names| names.iter().cloned().collect()).unwrap_or_default()
    }

    /// What is known of a key-value store.
    pub(crate) fn store(&self, mount: &Mount) -> Arc<Store> {
        let mut stores = lock(&self.stores);
        Arc::clone(stores.entry(mount.path.clone()).or_insert_with(|| Arc::new(Store::new(mount.clone()))))
    }

    /// Where the roles of a mount are kept.
    pub(crate) fn book(&self, mount: &str) -> Arc<RoleBook> {
        Arc::clone(lock(&self.books).entry(mount.to_owned()).or_default())
    }

    /// Secrets engines.
    pub(crate) async fn engines(&self, client: &Client, settings: &Settings) -> Arc<Mounts> {
        let made = self
            .engines
            .get_or_init(|| async { Arc::new(discover(client, settings, &self.namespace, Side::Engines).await) });
        Arc::clone(made.await)
    }

    /// Sign-in methods.
    pub(crate) async fn methods(&self, client: &Client, settings: &Settings) -> Arc<Mounts> {
        let made = self
            .methods
            .get_or_init(|| async { Arc::new(discover(client, settings, &self.namespace, Side::Methods).await) });
        Arc::clone(made.await)
    }

    /// Mounts as far as they were discovered. `None`: nobody asked yet.
    pub(crate) fn known_mounts(&self) -> Option<Vec<Mount>> {
        let (engines, methods) = (self.engines.get()?, self.methods.get()?);
        Some(engines.found.iter().chain(&methods.found).cloned().collect())
    }

    /// A policy. `None`: there is no such policy, and a token that names it gets nothing from it.
    pub(crate) async fn policy(&self, client: &Client, name: &str) -> Result<Option<Arc<Policy>>, Cause> {
        let cell = Arc::clone(lock(&self.policies).entry(name.to_owned()).or_default());
        let asked = cell.get_or_init(|| async {
            let target = Target::of("sys/policies/acl").below(name);
            let found: Option<PolicyText> = client.read(&self.namespace, &target).await?;
            let Some(text) = found else { return Ok(None) };
            let text = text.policy.ok_or_else(|| Cause::Malformed {
                what: format!("policy {} came without its text", crate::names::shown(name)),
            })?;
            Policy::parse(&text).map(|policy| Some(Arc::new(policy))).map_err(|error| Cause::Malformed {
                what: format!("the text of policy {}: {error}", crate::names::shown(name)),
            })
        });
        asked.await.clone()
    }

    /// A group. `None`: it does not exist any more.
    pub(crate) async fn group(&self, client: &Client, id: &str) -> Result<Option<Arc<Group>>, Cause> {
        let cell = Arc::clone(lock(&self.groups).entry(id.to_owned()).or_default());
        let asked = cell.get_or_init(|| async {
            let target = Target::of("identity/group/id").name(id);
            Ok(client.read::<Group>(&self.namespace, &target).await?.map(Arc::new))
        });
        asked.await.clone()
    }

    /// The rules of these policies for one subject, and what of them could not be read.
    pub(crate) async fn acl(
        &self,
        client: &Client,
        names: impl IntoIterator<Item = &str>,
        subject: &Subject,
    ) -> (Acl, Vec<(String, Cause)>) {
        let (mut acl, mut missing) = (Acl::new(), Vec::new());
        let names: BTreeSet<&str> = names.into_iter().collect();
        for name in names {
            if name == "root" {
                acl.add_root();
                continue;
            }
            match self.policy(client, name).await {
                Ok(Some(policy)) => acl.add(name, &policy, subject, client.now()),
                Ok(None) => {}
                Err(cause) => missing.push((name.to_owned(), cause)),
            }
        }
        (acl, missing)
    }

    /// How far these policies reach, templates left out. Told once for each set of policies.
    pub(crate) async fn reach(&self, client: &Client, names: &[String]) -> Reach {
        let key: Vec<String> = names.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        if let Some(known) = lock(&self.reaches).get(&key) {
            return known.clone();
        }
        let (acl, missing) = self.acl(client, key.iter().map(String::as_str), &Subject::default()).await;
        let mut reach = judge(&acl);
        if let Some((name, _)) = missing.first().filter(|_| reach.privilege != scan_contract::Privilege::Admin) {
            reach = Reach {
                privilege: scan_contract::Privilege::Unknown,
                reason: format!("policy {} could not be read", crate::names::shown(name)),
            };
        }
        lock(&self.reaches).insert(key, reach.clone());
        reach
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Engines,
    Methods,
}

async fn discover(client: &Client, settings: &Settings, namespace: &Namespace, side: Side) -> Mounts {
    let path = match side {
        Side::Engines => "sys/mounts",
        Side::Methods => "sys/auth",
    };
    let target = Target::of(path);
    let mut mounts = Mounts::default();
    match client.hear(namespace, &target).await {
        Ok(Heard::NoPath(_)) if !namespace.is_root() => {
            mounts.absent = Some(Cause::Unreachable {
                step: format!("open namespace {}", crate::names::shown(namespace.path())),
                detail: String::from("the server has no such namespace"),
            });
            return mounts;
        }
        Ok(heard) => match crate::client::decode(namespace, &target, heard, "read") {
            Ok(Some(table)) => take(table, side, &mut mounts),
            Ok(None) => {
                mounts.trouble = Some(Cause::Malformed { what: format!("{path}: a server without any mount") });
            }
            Err(cause) => mounts.trouble = Some(cause),
        },
        Err(cause) => mounts.trouble = Some(cause),
    }
    for listed in &settings.mounts {
        let path = listed.path.trim_matches('/');
        let path = path.strip_prefix("auth/").filter(|_| listed.engine.is_sign_in()).unwrap_or(path);
        let here =
            Namespace::of(&listed.namespace) == *namespace && listed.engine.is_sign_in() == (side == Side::Methods);
        if here && !mounts.found.iter().any(|mount| mount.path == path) {
            mounts.found.push(Mount { path: path.to_owned(), engine: listed.engine.clone(), accessor: String::new() });
        }
    }
    mounts
}

fn take(found: BTreeMap<String, Box<serde_json::value::RawValue>>, side: Side, mounts: &mut Mounts) {
    for (path, raw) in found {
        let path = path.trim_matches('/').to_owned();
        let Ok(info) = serde_json::from_str::<MountInfo>(raw.get()) else {
            mounts.damaged.push(path);
            continue;
        };
        let version = info.options.as_ref().and_then(|options| options.get("version")).map(String::as_str);
        let engine = match side {
            Side::Engines => Engine::of_secrets(&info.kind, version),
            Side::Methods => Engine::of_sign_in(&info.kind),
        };
        mounts.found.push(Mount { path, engine, accessor: info.accessor });
    }
    // Every namespace has these two; a table without them is not the whole table.
    let always = match side {
        Side::Engines => "sys",
        Side::Methods => "token",
    };
    if !mounts.found.iter().any(|mount| mount.path == always) {
        let what = format!("{always}/, which every namespace has, in the table of mounts");
        mounts.trouble = Some(Cause::NotSeen { what });
    }
}
