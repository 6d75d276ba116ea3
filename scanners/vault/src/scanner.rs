//! The scanner.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use scan_contract::{
    AccessRef, Cause, CredentialFacts, Effort, Identity, Look, Manifest, Outlet, Pass, Rights, Scanner, Scope, Sealed,
};
use scan_transport::{Door, Secrets};

use crate::client::{Client, decode};
use crate::credential::TokenCredential;
use crate::mount::Namespace;
use crate::place::Place;
use crate::read;
use crate::rights;
use crate::scopes;
use crate::settings::{Cluster, Namespaces, Settings, SignIn};
use crate::target::Target;
use crate::wire::{self, Health, OwnToken};

/// What the scanner is given beside its settings.
#[derive(Clone)]
pub struct Ways {
    /// The way out.
    pub door: Door,
    /// Where secrets are fetched.
    pub secrets: Arc<dyn Secrets>,
}

/// Reads one cluster.
pub struct Vault {
    inner: Arc<Inner>,
    manifest: Manifest,
}

/// What all readings share.
pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) client: Client,
    /// With the credential: for giving it back and for effort.
    door: Door,
    credential: Option<Arc<TokenCredential>>,
    places: Mutex<HashMap<Namespace, Arc<Place>>>,
    own: Mutex<Option<OwnToken>>,
    /// Accessors of tokens that were read in this run, by the digest that stands for them. Never written anywhere.
    pub(crate) accessors: Mutex<HashMap<String, (Namespace, String)>>,
}

/// The connector's description, from `manifest.yaml`.
///
/// # Errors
/// A defect of this crate.
pub fn manifest() -> Result<Manifest, String> {
    Manifest::parse(include_str!("../manifest.yaml"))
}

impl Vault {
    /// A scanner for one cluster.
    ///
    /// # Errors
    /// A defect of this crate.
    pub fn new(settings: Settings, ways: Ways) -> Result<Self, Cause> {
        let manifest =
            manifest().map_err(|error| Cause::Bug { what: format!("manifest of the vault scanner: {error}") })?;
        let Ways { door: plain, secrets } = ways;
        let credential = (!plain.replays()).then(|| Arc::new(TokenCredential::new(&settings, plain.clone(), secrets)));
        let door = match &credential {
            Some(credential) => plain.with_credential(Arc::clone(credential) as Arc<dyn scan_transport::Credential>),
            None => plain,
        };
        let client = Client::new(door.clone(), settings.address.clone(), credential.clone());
        let inner = Inner {
            settings,
            client,
            door,
            credential,
            places: Mutex::default(),
            own: Mutex::default(),
            accessors: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner), manifest })
    }
}

impl Inner {
    /// What is known of a namespace.
    pub(crate) fn place(&self, namespace: &Namespace) -> Arc<Place> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let made = places.entry(namespace.clone()).or_insert_with(|| Arc::new(Place::new(namespace.clone())));
        Arc::clone(made)
    }

    /// Forgets what was learned of a namespace: a new walk begins, and neither what was there before nor what failed
    /// then says anything of it.
    pub(crate) fn begin_place(&self, namespace: &Namespace) -> Arc<Place> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = Arc::new(Place::new(namespace.clone()));
        places.insert(namespace.clone(), Arc::clone(&fresh));
        fresh
    }

    /// Namespaces seen so far.
    pub(crate) fn known_namespaces(&self) -> Vec<Namespace> {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known: Vec<Namespace> = places.keys().cloned().collect();
        known.sort();
        known
    }

    /// Questions asked side by side: as many as the pace has in flight.
    pub(crate) fn side_by_side(&self) -> usize {
        self.settings.connection.pace.map_or(4, |pace| pace.in_flight)
    }

    /// Whether answers come from a recording, which holds no accessors and no lease ids.
    pub(crate) fn replays(&self) -> bool {
        self.credential.is_none()
    }

    /// The namespace the scanner signs in to.
    pub(crate) fn home(&self) -> Namespace {
        Namespace::of(&self.settings.sign_in_namespace)
    }

    /// What the server says of our own token. `None`: it may not look at itself.
    pub(crate) async fn own_token(&self) -> Result<Option<OwnToken>, Cause> {
        if let Some(known) = self.own.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Ok(Some(known));
        }
        let target = Target::of("auth/token/lookup-self");
        let heard = self.client.hear(&self.home(), &target).await?;
        if matches!(heard, crate::client::Heard::Refused(_)) {
            return Ok(None);
        }
        let own: Option<OwnToken> = decode(&self.home(), &target, heard, "read")?;
        self.own.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&own);
        Ok(own)
    }

    /// Forgets our own token: it was given back.
    fn forget_own(&self) {
        *self.own.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Namespaces that the configuration names, or where discovery begins.
    pub(crate) fn first_namespaces(&self) -> Vec<Namespace> {
        let mut first = match &self.settings.namespaces {
            Namespaces::Listed(paths) => paths.iter().map(|path| Namespace::of(path)).collect(),
            Namespaces::Discover => vec![self.home()],
        };
        first.sort();
        first.dedup();
        first
    }

    async fn health(&self) -> Result<Health, Cause> {
        let health: Health = self.client.health().await?.json()?;
        let closed = |detail: &str| Cause::Unreachable { step: String::from("sys/health"), detail: detail.to_owned() };
        if health.initialized == Some(false) {
            return Err(closed("the server was never set up"));
        }
        if health.sealed != Some(false) {
            return Err(closed("the server is sealed"));
        }
        if health.replication_dr_mode.as_deref() == Some("secondary") {
            return Err(closed("the server is a disaster recovery secondary and answers nothing"));
        }
        Ok(health)
    }
}

#[async_trait]
impl Scanner for Vault {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn identify(&self) -> Result<Identity, Cause> {
        let health = self.inner.health().await?;
        let (declared, found, hint) = match &self.inner.settings.cluster {
            Cluster::Id(id) => {
                (id.to_ascii_lowercase(), health.cluster_id.map(|id| id.to_ascii_lowercase()), "cluster_id")
            }
            Cluster::Name(name) => (name.clone(), health.cluster_name, "cluster_name"),
        };
        let found = found.filter(|found| !found.is_empty()).ok_or_else(|| Cause::NotInSource {
            what: format!("sys/health does not say {hint}; a listener can hide the name, then declare the id"),
        })?;
        if !self.inner.replays() {
            // Whoever answers must also accept the credential: the health page answers anybody. The server says the
            // same of a dead token and of one without the right, so without it nothing is believed.
            if self.inner.own_token().await?.is_none() {
                let detail =
                    "auth/token/lookup-self: 403: the token is not valid, or lacks read on auth/token/lookup-self";
                return Err(Cause::Unauthenticated { detail: String::from(detail) });
            }
        }
        Ok(Identity { declared, found })
    }

    async fn declare(&self) -> Result<Vec<Pass>, Cause> {
        let passes = self.inner.first_namespaces().into_iter().map(|namespace| {
            let word = if namespace.is_root() { "root" } else { namespace.path() };
            Pass::new(format!("namespace {word}"), scopes::declare(&namespace))
        });
        Ok(passes.collect())
    }

    async fn read(&self, pass: &Pass, outlet: Outlet) -> Result<Sealed, Cause> {
        let outlet = Arc::new(outlet);
        let (follow_ups, base): (Vec<Scope>, Vec<Scope>) =
            pass.scopes.iter().cloned().partition(|scope| scopes::FOLLOW_UPS.contains(&scope.kind.as_str()));
        let mut namespaces: Vec<Namespace> = base
            .iter()
            .filter_map(|scope| scope.name.as_str().split_once('/'))
            .filter_map(|(word, _)| crate::names::decode(word))
            .map(|word| Namespace::of(&word))
            .collect();
        namespaces.sort();
        namespaces.dedup();
        for namespace in namespaces {
            read::namespace(&self.inner, &namespace, &outlet).await?;
        }
        read::follow_ups(&self.inner, follow_ups, &outlet).await?;
        let outlet = Arc::into_inner(outlet)
            .ok_or_else(|| Cause::Bug { what: String::from("a reader kept its outlet after its end") })?;
        Ok(outlet.finish())
    }

    async fn look(&self, access: &AccessRef) -> Result<Look, Cause> {
        read::look(&self.inner, access).await
    }

    async fn check_rights(&self) -> Result<Option<Rights>, Cause> {
        rights::check(&self.inner).await.map(Some)
    }

    fn policy(&self) -> Option<String> {
        Some(rights::policy(&self.inner))
    }

    fn credential(&self) -> CredentialFacts {
        // The token of a sign-in is made for this run and given back: that it ends soon is right.
        let configured = matches!(self.inner.settings.sign_in, SignIn::Token(_));
        let own = self.inner.own.lock().unwrap_or_else(PoisonError::into_inner);
        let text = own.as_ref().filter(|_| configured).and_then(|own| own.expire_time.as_deref());
        CredentialFacts { ends_at: text.and_then(wire::instant), excess: None }
    }

    fn effort(&self) -> Option<Effort> {
        Some(self.inner.door.effort())
    }

    async fn close(&self) -> Result<(), Cause> {
        match &self.inner.credential {
            Some(credential) => {
                self.inner.forget_own();
                credential.give_back(&self.inner.door).await
            }
            None => Ok(()),
        }
    }
}
