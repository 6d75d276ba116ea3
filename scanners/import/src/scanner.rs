//! The scanner.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use scan_contract::{BlockingOutlet, Cause, Documents, Identity, Manifest, Outlet, Pass, Scanner, Sealed};

use crate::plan::{Plan, Served};
use crate::settings::{Format, Settings};
use crate::{csv, native};

/// Reads one configured system from its files.
pub struct Import {
    manifest: Manifest,
    shared: Arc<Shared>,
}

/// What the threads that read share.
struct Shared {
    settings: Settings,
    documents: Arc<dyn Documents>,
    /// Made once, so that declaring and reading agree.
    plan: OnceLock<Plan>,
}

impl std::fmt::Debug for Import {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Import").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}

/// The connector's description, from `manifest.yaml`; parsed once.
pub fn manifest() -> Result<Manifest, String> {
    static PARSED: OnceLock<Result<Manifest, String>> = OnceLock::new();
    PARSED.get_or_init(|| Manifest::parse(include_str!("../manifest.yaml"))).clone()
}

impl Import {
    /// A scanner for one system. Settings with [problems](Settings::problems) are followed as far as they go, and end
    /// in gaps. An error is a defect of this crate.
    pub fn new(settings: Settings, documents: Arc<dyn Documents>) -> Result<Self, Cause> {
        let manifest = manifest().map_err(|what| Cause::Bug { what })?;
        Ok(Self { manifest, shared: Arc::new(Shared { settings, documents, plan: OnceLock::new() }) })
    }
}

impl Shared {
    fn plan(&self) -> &Plan {
        self.plan.get_or_init(|| Plan::make(&self.settings, &*self.documents))
    }

    fn served(&self, pass: &Pass) -> Result<(&Served, &Format), Cause> {
        let files = self.plan().files.iter().zip(&self.settings.files);
        files
            .into_iter()
            .find(|(served, _)| served.pass.name == pass.name)
            .map(|(served, file)| (served, &file.format))
            .ok_or_else(|| Cause::NotInSource { what: format!("no configured file is called {}", pass.name) })
    }

    fn read(&self, pass: &Pass, outlet: BlockingOutlet) -> Result<Sealed, Cause> {
        let (served, format) = self.served(pass)?;
        match format {
            Format::Ndjson => native::read(&*self.documents, &self.settings, served, &outlet)?,
            Format::Csv(csv) => csv::read(&*self.documents, &self.settings, csv, served, &outlet)?,
        }
        Ok(outlet.finish())
    }
}

/// Files block: they are read on a thread that may.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Cause> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Cause::Bug { what: format!("reading an import ended early: {error}") })
}

#[async_trait]
impl Scanner for Import {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// A table names no system, and one misplaced file must not fail the others: only if no native file is from the
    /// declared system does the whole differ. Each file is compared again when it is read.
    async fn identify(&self) -> Result<Identity, Cause> {
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            let declared = shared.settings.system.to_string();
            let found = shared.plan().foreign.clone().unwrap_or_else(|| declared.clone());
            Identity { declared, found }
        })
        .await
    }

    async fn declare(&self) -> Result<Vec<Pass>, Cause> {
        let shared = Arc::clone(&self.shared);
        blocking(move || shared.plan().files.iter().map(|served| served.pass.clone()).collect()).await
    }

    async fn read(&self, pass: &Pass, outlet: Outlet) -> Result<Sealed, Cause> {
        let (shared, pass) = (Arc::clone(&self.shared), pass.clone());
        blocking(move || shared.read(&pass, outlet.blocking())).await?
    }
}
