//! THE list of scanners: which connector word leads to which crate. A scanner that is not here does not exist.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use scan_contract::documents::{Document, Entry};
use scan_contract::{Cause, DiskDocuments, Documents, Identity, Manifest, Outlet, Pass, Rights, Scanner, Sealed};
use scan_transport::door::Now;
use scan_transport::{AllowList, Door, Secrets};

use crate::config::{Connector, SystemConfig};

/// Words of all connectors, in the order used for output. `aws` stands twice: from documents, and asked itself.
pub const CONNECTORS: [&str; 7] = ["aws", "aws", "github", "import", "okta", "ssh", "vault"];

/// Whether connections may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// They may.
    Allowed,
    /// None is, as the operator asked for: whatever is read live counts as not attempted.
    Refused,
}

/// What scanners are given beside their settings.
#[derive(Clone)]
pub struct Ways {
    /// Folder of the configuration: relative paths start there.
    pub base: PathBuf,
    /// Fetches secrets.
    pub secrets: Arc<dyn Secrets>,
    /// Tells the time.
    pub now: Now,
    /// Folder that answers of live systems are recorded into.
    pub record: Option<PathBuf>,
    /// Whether connections may be made.
    pub network: Network,
    /// Doors that were opened, for what is to be said of them at the end.
    pub doors: Arc<Mutex<Vec<Door>>>,
}

impl std::fmt::Debug for Ways {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Ways").field("base", &self.base).field("network", &self.network).finish_non_exhaustive()
    }
}

impl Ways {
    /// The way out for one live system: to itself, to itself and into a recording, or onto a recording alone.
    pub fn door(
        &self,
        replay: Option<&Path>,
        mut settings: scan_transport::Settings,
        list: &'static AllowList,
    ) -> Result<Door, Cause> {
        settings.connection.roots = settings.connection.roots.map(|file| self.base.join(file));
        if let Some(folder) = replay {
            return Door::replaying(settings, list, &self.base.join(folder));
        }
        if self.network == Network::Refused {
            return Err(Cause::Needs { what: String::from("a run without --offline") });
        }
        let door = Door::open(settings, list, Arc::clone(&self.now))?;
        let door = match &self.record {
            Some(folder) => door.recording(folder)?,
            None => door,
        };
        self.opened().push(door.clone());
        Ok(door)
    }

    fn opened(&self) -> MutexGuard<'_, Vec<Door>> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes recordings with the proof that they are whole. Without it a recording counts as cut.
    ///
    /// # Errors
    /// The first that could not be written.
    pub fn finish_recordings(&self) -> Result<(), Cause> {
        if self.record.is_none() {
            return Ok(());
        }
        self.opened().iter().try_for_each(Door::finish_recording)
    }

    /// Systems whose clock differs from ours by more than a minute, in words (TIM-8).
    pub fn skews(&self) -> Vec<String> {
        let doors = self.opened();
        let told = doors.iter().filter_map(|door| {
            let skew = door.skew()?;
            let side = if skew < chrono::TimeDelta::zero() { "behind" } else { "ahead of" };
            let seconds = skew.num_seconds().abs();
            Some(format!("{}: our clock is {seconds} s {side} its clock; one of the two is wrong", door.system()))
        });
        told.collect()
    }
}

/// The scanner that reads a system.
///
/// What cannot be opened (a folder, a recording, a file of certificates) is no error here: every read of the scanner then
/// fails with the reason, so that its scopes are declared and told as gaps.
///
/// # Errors
/// A defect of the scanner itself, such as a manifest that does not parse.
pub fn build(system: &SystemConfig, ways: &Ways) -> Result<Box<dyn Scanner>, Cause> {
    let base = ways.base.as_path();
    let replay = system.replay.as_deref();
    let secrets = Arc::clone(&ways.secrets);
    let documents: Arc<dyn Documents> = Arc::new(DiskDocuments::operator(base));
    Ok(match &system.connector {
        Connector::Import(settings) => Box::new(scan_import::Import::new(settings.clone(), documents)?),
        Connector::Aws(settings) => Box::new(scan_aws::Aws::new(settings.clone(), documents)?),
        Connector::Ssh(settings) => {
            let tree: Arc<dyn Documents> = match DiskDocuments::tree(&base.join(&settings.tree)) {
                Ok(tree) => Arc::new(tree),
                Err(cause) => Arc::new(NotOpened(cause)),
            };
            Box::new(scan_ssh::SshTree::new(settings.clone(), documents, tree)?)
        }
        Connector::AwsLive(settings) => {
            let door = settings.door().and_then(|door| ways.door(replay, door, &scan_aws::live::ALLOW));
            let manifest = scan_aws::live::manifest();
            open(door, manifest, |door| {
                Ok(Box::new(scan_aws::live::AwsLive::new(
                    (**settings).clone(),
                    scan_aws::live::Ways { door, secrets },
                )?))
            })?
        }
        Connector::Github(settings) => {
            let door = ways.door(replay, settings.door(), settings.allow());
            open(door, scan_github::manifest(), |door| {
                Ok(Box::new(scan_github::GitHub::new((**settings).clone(), scan_github::Ways { door, secrets })?))
            })?
        }
        Connector::Okta(settings) => {
            let door = ways.door(replay, settings.door(), settings.allow());
            open(door, scan_okta::manifest(), |door| {
                Ok(Box::new(scan_okta::Okta::new((**settings).clone(), scan_okta::Ways { door, secrets })?))
            })?
        }
        Connector::Vault(settings) => {
            let door = settings.door().and_then(|door| ways.door(replay, door, &scan_vault::ALLOW));
            open(door, scan_vault::manifest(), |door| {
                Ok(Box::new(scan_vault::Vault::new((**settings).clone(), scan_vault::Ways { door, secrets })?))
            })?
        }
    })
}

/// A scanner behind its door; without a way to the system, one that says why.
fn open(
    door: Result<Door, Cause>,
    manifest: Result<Manifest, String>,
    scanner: impl FnOnce(Door) -> Result<Box<dyn Scanner>, Cause>,
) -> Result<Box<dyn Scanner>, Cause> {
    match door {
        Ok(door) => scanner(door),
        Err(cause) => {
            let manifest = manifest.map_err(|what| Cause::Bug { what })?;
            Ok(Box::new(Closed { manifest, cause }))
        }
    }
}

/// A live system that there is no way to: whatever is asked of it, the answer is why.
#[derive(Debug)]
struct Closed {
    manifest: Manifest,
    cause: Cause,
}

#[async_trait]
impl Scanner for Closed {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn identify(&self) -> Result<Identity, Cause> {
        Err(self.cause.clone())
    }

    async fn declare(&self) -> Result<Vec<Pass>, Cause> {
        Err(self.cause.clone())
    }

    async fn read(&self, _: &Pass, _: Outlet) -> Result<Sealed, Cause> {
        Err(self.cause.clone())
    }

    async fn check_rights(&self) -> Result<Option<Rights>, Cause> {
        Err(self.cause.clone())
    }
}

/// What every connector reads, needs and cannot see, in the order of [`CONNECTORS`].
///
/// # Errors
/// A manifest that does not parse: a defect of that scanner.
pub fn manifests() -> Result<Vec<Manifest>, Cause> {
    let bug = |what: String| Cause::Bug { what };
    Ok(vec![
        scan_aws::manifest().map_err(bug)?,
        scan_aws::live::manifest().map_err(bug)?,
        scan_github::manifest().map_err(bug)?,
        scan_import::manifest().map_err(bug)?,
        scan_okta::manifest().map_err(bug)?,
        scan_ssh::manifest().map_err(bug)?,
        scan_vault::manifest().map_err(bug)?,
    ])
}

/// A folder that could not be opened: whatever is asked of it, the answer is why.
#[derive(Debug)]
struct NotOpened(Cause);

impl Documents for NotOpened {
    fn open(&self, _: &Path) -> Result<Document, Cause> {
        Err(self.0.clone())
    }

    fn list(&self, _: &Path) -> Result<Vec<Entry>, Cause> {
        Err(self.0.clone())
    }

    fn exists(&self, _: &Path) -> Result<bool, Cause> {
        Err(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use scan_contract::{Instant, SystemId};

    use super::*;
    use crate::config::{Depth, LoginMeaning};
    use crate::roster::RoleTier;

    fn system(connector: Connector) -> SystemConfig {
        SystemConfig {
            id: SystemId::from("it"),
            connector,
            tier: RoleTier::Tier1,
            owner_team: None,
            max_age: None,
            settle_time: Duration::ZERO,
            login_is: LoginMeaning::Nothing,
            dies_with_account: None,
            known_object: None,
            exclude: Vec::new(),
            depth: Depth::PeopleOfInterest,
            replay: None,
            deny_overprivileged: false,
            line: 1,
            written: None,
        }
    }

    /// No secret anywhere, and no network.
    struct Nothing;

    impl Secrets for Nothing {
        fn fetch(&self, _: &scan_transport::SecretRef) -> Result<scan_transport::Secret, Cause> {
            Err(Cause::Needs { what: String::from("a secret") })
        }
    }

    fn ways() -> Ways {
        Ways {
            base: PathBuf::from("/nonexistent"),
            secrets: Arc::new(Nothing),
            now: Arc::new(|| Instant::UNIX_EPOCH),
            record: None,
            network: Network::Refused,
            doors: Arc::default(),
        }
    }

    fn all() -> Vec<SystemConfig> {
        let id = || SystemId::from("it");
        let account = scan_aws::AccountId::parse("111122223333").unwrap();
        let address = |text: &str| url::Url::parse(text).unwrap();
        let token = || scan_transport::SecretRef::Environment(String::from("TOKEN"));
        let organisation = scan_github::Organisation { login: String::from("acme"), id: None };
        let github = scan_github::SignIn::Token(token());
        let okta = scan_okta::Address::parse("https://acme.okta.com").unwrap();
        let cluster = scan_vault::Cluster::Name(String::from("vault"));
        let vault = scan_vault::SignIn::Token(token());
        let mut connectors = vec![
            Connector::Aws(scan_aws::Settings::new(id(), account.clone(), Instant::UNIX_EPOCH)),
            Connector::AwsLive(Box::new(scan_aws::live::Settings::new(id(), account))),
            Connector::Github(Box::new(scan_github::Settings::new(
                id(),
                organisation,
                address("https://github.com"),
                github,
            ))),
            Connector::Import(scan_import::Settings::new(id())),
            Connector::Okta(Box::new(scan_okta::Settings::new(
                id(),
                okta,
                scan_okta::Organisation::parse("acme"),
                scan_okta::SignIn::ApiToken { token: token() },
            ))),
            Connector::Ssh(scan_ssh::Settings::new(id(), "nowhere", Instant::UNIX_EPOCH)),
            Connector::Vault(Box::new(scan_vault::Settings::new(
                "it",
                address("https://vault.acme.example:8200"),
                cluster,
                vault,
            ))),
        ];
        connectors.drain(..).map(system).collect()
    }

    #[test]
    fn every_connector_has_a_scanner_with_its_own_manifest() {
        let manifests = manifests().unwrap();
        assert_eq!(manifests.iter().map(|manifest| manifest.connector.as_str()).collect::<Vec<_>>(), CONNECTORS);
        for (system, manifest) in all().iter().zip(&manifests) {
            assert_eq!(system.connector.as_str(), manifest.connector);
            assert_eq!(system.connector.is_live(), manifest.live);
            let scanner = build(system, &ways()).unwrap();
            assert_eq!(scanner.manifest(), manifest);
        }
    }

    #[tokio::test]
    async fn a_tree_that_cannot_be_opened_is_declared_and_told() {
        let scanner = build(&all()[5], &ways()).unwrap();
        let passes = scanner.declare().await;
        assert!(passes.is_err() || passes.is_ok_and(|passes| !passes.is_empty()), "silence would be a miss");
    }
}
