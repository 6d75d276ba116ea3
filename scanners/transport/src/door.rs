//! The door.

use std::path::Path;
use std::sync::Arc;

use scan_contract::{Cause, Effort, Instant};

use crate::allow::AllowList;
use crate::credential::Credential;
use crate::pace::Pace;
use crate::reply::Reply;
use crate::request::Request;
use crate::settings::Settings;

/// Tells the time. The program hands its clock in.
pub type Now = Arc<dyn Fn() -> Instant + Send + Sync>;

/// The way out for one system and one list. Cheap to clone; all clones share pace, counters and recording.
#[derive(Clone)]
pub struct Door {}

impl Door {
    /// A door to a live system.
    ///
    /// # Errors
    /// Settings that cannot hold: an origin in plain text that is not loopback, roots that cannot be read.
    pub fn open(settings: Settings, list: &'static AllowList, now: Now) -> Result<Self, Cause> {
        let _ = (settings, list, now);
        Ok(Self {})
    }

    /// The same door, writing what it hears into `folder/<system>.ndjson` as well.
    ///
    /// # Errors
    /// The file cannot be made, or exists already.
    pub fn recording(self, folder: &Path) -> Result<Self, Cause> {
        let _ = folder;
        Ok(self)
    }

    /// A door that opens onto a recording: no network, no waiting, no sign-in.
    ///
    /// # Errors
    /// The recording cannot be read, is cut, or belongs to another system or connector.
    pub fn replaying(settings: Settings, list: &'static AllowList, folder: &Path) -> Result<Self, Cause> {
        let _ = (settings, list, folder);
        Ok(Self {})
    }

    /// Whether answers come from a recording. Scanners then skip sign-in and sign-out.
    pub fn replays(&self) -> bool {
        false
    }

    /// The same door with a credential: shares pace, counters and recording.
    #[must_use]
    pub fn with_credential(&self, credential: Arc<dyn Credential>) -> Self {
        let _ = credential;
        self.clone()
    }

    /// Checks, waits, signs, sends, reads the whole reply; waits and repeats where the service asks for it or stumbles;
    /// renews the credential once on 401. Any final status comes back as a reply: what a 403 or 404 means is the
    /// scanner's to say.
    ///
    /// # Errors
    /// `Bug` for a request that is not on the list; `Malformed` for another origin; `Throttled`, `Unreachable`,
    /// `CutOff`, `LimitHit`; `NotInSource` for a request that a recording does not hold.
    pub async fn send(&self, request: Request) -> Result<Reply, Cause> {
        let _ = request;
        Err(Cause::Bug { what: String::from("not built") })
    }

    /// One exchange for a library that waits, signs and repeats by itself (AWS SDK): list, origin, address guard,
    /// limits, permit in flight, recording and counters hold; pace and retries are the library's, which asks
    /// [`Door::pace`].
    pub async fn exchange(&self, request: Request) -> Result<Reply, Cause> {
        let _ = request;
        Err(Cause::Bug { what: String::from("not built") })
    }

    /// The pace.
    pub fn pace(&self) -> &Pace {
        unimplemented!()
    }

    /// The clock this door was given.
    pub fn now(&self) -> Instant {
        unimplemented!()
    }

    /// What it cost so far.
    pub fn effort(&self) -> Effort {
        Effort::default()
    }
}
