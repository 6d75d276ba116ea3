//! THE list of scanners: which connector word leads to which crate. A scanner that is not here does not exist.

use std::path::Path;
use std::sync::Arc;

use scan_contract::documents::{Document, Entry};
use scan_contract::{Cause, DiskDocuments, Documents, Manifest, Scanner};

use crate::config::{Connector, SystemConfig};

/// Words of all connectors, in the order used for output.
pub const CONNECTORS: [&str; 3] = ["aws", "import", "ssh"];

/// The scanner that reads a system. Relative paths start at `base`, the folder of the configuration.
///
/// A folder that cannot be opened is no error here: every read of the scanner then fails with the reason, so that its
/// scopes are declared and told as gaps.
///
/// # Errors
/// A defect of the scanner itself, such as a manifest that does not parse.
pub fn build(system: &SystemConfig, base: &Path) -> Result<Box<dyn Scanner>, Cause> {
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
    })
}

/// What every connector reads, needs and cannot see, in the order of [`CONNECTORS`].
///
/// # Errors
/// A manifest that does not parse: a defect of that scanner.
pub fn manifests() -> Result<Vec<Manifest>, Cause> {
    let bug = |what: String| Cause::Bug { what };
    Ok(vec![
        scan_aws::manifest().map_err(bug)?,
        scan_import::manifest().map_err(bug)?,
        scan_ssh::manifest().map_err(bug)?,
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
            line: 1,
        }
    }

    fn all() -> Vec<SystemConfig> {
        let id = || SystemId::from("it");
        let account = scan_aws::AccountId::parse("111122223333").unwrap();
        let mut connectors = vec![
            Connector::Aws(scan_aws::Settings::new(id(), account, Instant::UNIX_EPOCH)),
            Connector::Import(scan_import::Settings::new(id())),
            Connector::Ssh(scan_ssh::Settings::new(id(), "nowhere", Instant::UNIX_EPOCH)),
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
            let scanner = build(system, Path::new("/nonexistent")).unwrap();
            assert_eq!(scanner.manifest(), manifest);
        }
    }

    #[tokio::test]
    async fn a_tree_that_cannot_be_opened_is_declared_and_told() {
        let scanner = build(&all()[2], Path::new("/nonexistent")).unwrap();
        let passes = scanner.declare().await;
        assert!(passes.is_err() || passes.is_ok_and(|passes| !passes.is_empty()), "silence would be a miss");
    }
}
