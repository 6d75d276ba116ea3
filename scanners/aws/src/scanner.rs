//! The scanner: documents in, scopes out.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_trait::async_trait;
use scan_contract::{BlockingOutlet, Cause, Cursor, Documents, Identity, Manifest, Outlet, Pass, Scanner, Sealed};

use crate::read::load::Loaded;
use crate::scopes;
use crate::settings::Settings;
use crate::tell::{Reading, tell};

/// Records a page.
const PAGE: usize = 500;

/// Reads one AWS account from its documents.
pub struct Aws {
    settings: Settings,
    documents: Arc<dyn Documents>,
    manifest: Manifest,
    /// What [`Scanner::identify`] read, kept for the read that follows, so that both speak of the same bytes.
    loaded: Mutex<Option<Loaded>>,
}

/// The connector's description, from `manifest.yaml`; parsed once.
pub fn manifest() -> Result<Manifest, String> {
    static PARSED: OnceLock<Result<Manifest, String>> = OnceLock::new();
    PARSED.get_or_init(|| Manifest::parse(include_str!("../manifest.yaml"))).clone()
}

impl Aws {
    /// A scanner for one account. An error is a defect of this crate.
    pub fn new(settings: Settings, documents: Arc<dyn Documents>) -> Result<Self, Cause> {
        let manifest =
            manifest().map_err(|error| Cause::Bug { what: format!("manifest of the aws scanner: {error}") })?;
        Ok(Self { settings, documents, manifest, loaded: Mutex::new(None) })
    }

    async fn load(&self) -> Result<Loaded, Cause> {
        let (settings, documents) = (self.settings.clone(), Arc::clone(&self.documents));
        on_a_blocking_thread(move || Loaded::load(&settings, documents.as_ref())).await
    }
}

async fn on_a_blocking_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Cause> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        if error.is_cancelled() {
            Cause::Stopped
        } else {
            Cause::Bug { what: String::from("the aws scanner panicked") }
        }
    })
}

#[async_trait]
impl Scanner for Aws {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn identify(&self) -> Result<Identity, Cause> {
        let loaded = self.load().await?;
        let accounts = loaded.accounts();
        let declared = self.settings.account.to_string();
        let found = accounts.iter().find(|account| **account != declared).or_else(|| accounts.first()).cloned();
        let nothing = || {
            loaded.first_failure().cloned().unwrap_or_else(|| Cause::NotInSource {
                what: format!("{}: no document names an account", self.settings.system),
            })
        };
        let identity = found.ok_or_else(nothing).map(|found| Identity { declared, found });
        *self.loaded.lock().unwrap_or_else(PoisonError::into_inner) = Some(loaded);
        identity
    }

    async fn declare(&self) -> Result<Vec<Pass>, Cause> {
        let name = format!("documents of AWS account {}", self.settings.account);
        Ok(vec![Pass::new(name, scopes::declare(&self.settings.account))])
    }

    async fn read(&self, _: &Pass, outlet: Outlet) -> Result<Sealed, Cause> {
        let kept = self.loaded.lock().unwrap_or_else(PoisonError::into_inner).take();
        let loaded = match kept {
            Some(loaded) => loaded,
            None => self.load().await?,
        };
        let settings = self.settings.clone();
        on_a_blocking_thread(move || {
            let reading = tell(&settings, &loaded)?;
            hand_over(reading, outlet.blocking())
        })
        .await?
    }
}

/// Sends what was read. Gaps go before the seal, so that a seal never stands without them.
fn hand_over(reading: Reading, outlet: BlockingOutlet) -> Result<Sealed, Cause> {
    for notice in reading.notices {
        outlet.notice(notice)?;
    }
    for (kind, scope) in reading.scopes {
        if let Some(as_of) = scope.as_of {
            outlet.open(&scope.name, Some(as_of))?;
        }
        let mut records = scope.records;
        let mut page = 0_usize;
        while !records.is_empty() {
            let rest = records.split_off(records.len().min(PAGE));
            page += 1;
            outlet.page(std::mem::replace(&mut records, rest), Cursor(format!("{kind}/{page}")))?;
        }
        for gap in scope.gaps {
            outlet.gap(gap)?;
        }
        if let Some(proof) = scope.proof {
            outlet.seal(&scope.name, proof)?;
        }
    }
    Ok(outlet.finish())
}
