//! The scanner itself: what it declares, and the walk of one host at a time.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use scan_contract::{
    AsOf, AsOfSource, BlockingOutlet, Cause, Documents, EndProof, Gap, Identity, Manifest, Outlet, Pass, ProofKind,
    Scanner, Scope, ScopeName, Sealed,
};

use crate::settings::Settings;
use crate::{host, hosts, scopes};

/// Reads a tree of hosts.
pub struct SshTree {
    manifest: Manifest,
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    documents: Arc<dyn Documents>,
    tree: Arc<dyn Documents>,
}

impl std::fmt::Debug for SshTree {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SshTree").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}

/// The connector's description, from `manifest.yaml`; parsed once.
pub fn manifest() -> Result<Manifest, String> {
    static PARSED: OnceLock<Result<Manifest, String>> = OnceLock::new();
    PARSED.get_or_init(|| Manifest::parse(include_str!("../manifest.yaml"))).clone()
}

impl SshTree {
    /// A scanner over `tree`, the root that holds one folder a host; it is hostile. `documents` opens the operator's
    /// own files. An error is a defect of this crate: its manifest does not parse.
    pub fn new(settings: Settings, documents: Arc<dyn Documents>, tree: Arc<dyn Documents>) -> Result<Self, Cause> {
        let manifest =
            manifest().map_err(|what| Cause::Bug { what: format!("manifest of the ssh scanner: {what}") })?;
        Ok(Self { manifest, shared: Arc::new(Shared { settings, documents, tree }) })
    }

    fn hosts(&self) -> hosts::Hosts {
        let Shared { settings, documents, tree } = self.shared.as_ref();
        hosts::find(settings, documents.as_ref(), tree.as_ref())
    }
}

impl Shared {
    fn read_hosts(&self, outlet: &BlockingOutlet) -> Result<(), Cause> {
        let scope = ScopeName::new(scopes::HOSTS);
        outlet.open(&scope, Some(AsOf { at: self.settings.as_of, source: AsOfSource::Configured }))?;
        let found = hosts::find(&self.settings, self.documents.as_ref(), self.tree.as_ref());
        for (part, cause) in found.problems {
            outlet.gap(Gap { scope: Some(scope.clone()), part, cause })?;
        }
        for notice in found.notices {
            outlet.notice(notice)?;
        }
        let proven = self.settings.expected_hosts.as_ref().is_some_and(|expected| expected.sha256.is_some());
        let kind = if proven { ProofKind::Listing } else { ProofKind::EndOfFile };
        let sha256 = self.settings.expected_hosts.as_ref().and_then(|expected| expected.sha256.clone());
        outlet.seal(&scope, EndProof { kind, announced: None, sha256 })
    }

    fn read_pass(&self, pass: &Pass, outlet: BlockingOutlet) -> Result<Sealed, Cause> {
        let Some(first) = pass.scopes.first() else {
            return Err(Cause::Bug { what: String::from("a pass without a scope") });
        };
        if first.name.as_str() == scopes::HOSTS {
            self.read_hosts(&outlet)?;
            return Ok(outlet.finish());
        }
        let name = pass.name.as_str();
        match self.tree.exists(std::path::Path::new(name)) {
            Ok(true) => host::read(&outlet, self.tree.as_ref(), name, &self.settings)?,
            Ok(false) => host::missing(&outlet, name)?,
            Err(cause) => return Err(cause),
        }
        Ok(outlet.finish())
    }
}

#[async_trait]
impl Scanner for SshTree {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn identify(&self) -> Result<Identity, Cause> {
        // A tree has no word of its own for the system; each host's listing names its host, which is compared there.
        let id = self.shared.settings.system.as_str().to_owned();
        Ok(Identity { declared: id.clone(), found: id })
    }

    async fn declare(&self) -> Result<Vec<Pass>, Cause> {
        let mut passes = vec![Pass::new("list of hosts", vec![Scope::new(scopes::HOSTS, scopes::HOSTS)])];
        passes.extend(self.hosts().all().into_iter().map(|host| {
            let scopes = scopes::host_scopes(&host);
            Pass::new(host, scopes)
        }));
        Ok(passes)
    }

    async fn read(&self, pass: &Pass, outlet: Outlet) -> Result<Sealed, Cause> {
        let reader = Arc::clone(&self.shared);
        let pass = pass.clone();
        let outlet = outlet.blocking();
        tokio::task::spawn_blocking(move || reader.read_pass(&pass, outlet))
            .await
            .map_err(|error| Cause::Bug { what: format!("reading a host: {error}") })?
    }
}
