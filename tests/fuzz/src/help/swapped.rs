//! What makes one scanner do for many inputs: documents that are changed under it, and one runtime.

use std::future::Future;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use holdover_kit::memory::MemoryDocuments;
use scan_contract::{Cause, Document, Documents, Entry};
use tokio::runtime::Runtime;

/// Documents in memory that are replaced as a whole.
#[derive(Default)]
pub(crate) struct Swapped(Mutex<MemoryDocuments>);

impl Swapped {
    pub(crate) fn swap(&self, documents: MemoryDocuments) {
        *self.now() = documents;
    }

    fn now(&self) -> MutexGuard<'_, MemoryDocuments> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Documents for Swapped {
    fn open(&self, path: &Path) -> Result<Document, Cause> {
        self.now().open(path)
    }

    fn list(&self, directory: &Path) -> Result<Vec<Entry>, Cause> {
        self.now().list(directory)
    }

    fn exists(&self, path: &Path) -> Result<bool, Cause> {
        self.now().exists(path)
    }
}

/// Waits for a future on the runtime of this thread.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: Runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}
