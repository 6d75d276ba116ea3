//! The door: list, origin, pace, credential, sending, repeats, recording.

mod clock;
mod send;
mod tape;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use chrono::TimeDelta;
use reqwest::Client;
use scan_contract::{Cause, Effort, Instant};

use self::clock::Clock;
pub use self::send::WriteFailed;
use self::tape::Tape;
use crate::address::{Lookup, SystemLookup};
use crate::allow::{AllowList, Operation};
use crate::client;
use crate::credential::{Anonymous, Credential};
use crate::origin::Origins;
use crate::pace::{Pace, Passing};
use crate::record::{Player, Writer};
use crate::request::Request;
use crate::settings::Settings;
use crate::wire::Wire;

/// Tells the time. The program hands its clock in.
pub type Now = Arc<dyn Fn() -> Instant + Send + Sync>;

/// The way out for one system and one list. Cheap to clone; all clones share pace, counters and recording.
#[derive(Clone)]
pub struct Door {
    shared: Arc<Shared>,
    credential: Arc<dyn Credential>,
    /// Set where one host serves several accounts, each with limits of its own.
    account: Option<Arc<str>>,
}

struct Shared {
    settings: Settings,
    list: &'static AllowList,
    origins: Arc<Origins>,
    way: Way,
    pace: Pace,
    now: Now,
    clock: Clock,
    tape: OnceLock<Tape>,
}

/// What requests go out on.
enum Way {
    Network(Client),
    /// A simulation's.
    Wire(Arc<dyn Wire>),
    /// There is no network behind a recording.
    Recording,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Door")
            .field("system", &self.shared.settings.system)
            .field("connector", &self.shared.list.connector)
            .field("replays", &self.replays())
            .finish_non_exhaustive()
    }
}

impl Door {
    /// A door to a live system.
    ///
    /// # Errors
    /// Settings that cannot hold: an origin in plain text that is not loopback, roots that cannot be read.
    pub fn open(settings: Settings, list: &'static AllowList, now: Now) -> Result<Self, Cause> {
        Self::open_with(settings, list, now, Arc::new(SystemLookup))
    }

    pub(crate) fn open_with(
        settings: Settings,
        list: &'static AllowList,
        now: Now,
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, Cause> {
        let origins = Arc::new(Origins::new(&settings)?);
        let client = client::build(&settings, Arc::clone(&origins), lookup)?;
        Ok(Self::of(settings, list, origins, Way::Network(client), now))
    }

    /// A door onto a wire in the place of a network, for simulations: everything above the connection is real.
    ///
    /// # Errors
    /// Settings that cannot hold.
    pub fn over(settings: Settings, list: &'static AllowList, now: Now, wire: Arc<dyn Wire>) -> Result<Self, Cause> {
        let origins = Arc::new(Origins::new(&settings)?);
        Ok(Self::of(settings, list, origins, Way::Wire(wire), now))
    }

    fn of(settings: Settings, list: &'static AllowList, origins: Arc<Origins>, way: Way, now: Now) -> Self {
        let passing = match &way {
            Way::Network(_) => Passing::Really,
            Way::Wire(wire) => Passing::OnWire(Arc::clone(wire), tokio::time::Instant::now()),
            Way::Recording => Passing::NotAtAll,
        };
        let pace = Pace::new(settings.connection.pace.unwrap_or_default(), settings.dialect, Arc::clone(&now), passing);
        let clock = Clock::new(now());
        let shared = Shared { settings, list, origins, way, pace, now, clock, tape: OnceLock::new() };
        Self { shared: Arc::new(shared), credential: Arc::new(Anonymous), account: None }
    }

    /// The same door, writing what it hears into `folder/<system>.ndjson` as well. [`Door::finish_recording`] ends it.
    ///
    /// # Errors
    /// The file cannot be made, or exists already.
    pub fn recording(self, folder: &Path) -> Result<Self, Cause> {
        let shared = &self.shared;
        let writer = Writer::begin(folder, &shared.settings.system, shared.list.connector, shared.clock.opened())?;
        let taken = shared.tape.set(Tape::Writing(writer)).is_err();
        if taken {
            return Err(Cause::Bug { what: String::from("a door that records or replays already was told to record") });
        }
        Ok(self)
    }

    /// Writes the end line of the recording, which proves that it is whole. Nothing to do without one.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish_recording(&self) -> Result<(), Cause> {
        self.shared.tape.get().map_or(Ok(()), Tape::finish)
    }

    /// A door that opens onto a recording: no network, no waiting, no sign-in.
    ///
    /// # Errors
    /// The recording cannot be read, is cut, or belongs to another system or connector.
    pub fn replaying(settings: Settings, list: &'static AllowList, folder: &Path) -> Result<Self, Cause> {
        let origins = Arc::new(Origins::new(&settings)?);
        let player = Player::open(folder, &settings.system, list.connector)?;
        let at = player.recorded_at();
        let door = Self::of(settings, list, origins, Way::Recording, Arc::new(move || at));
        let taken = door.shared.tape.set(Tape::Playing(player)).is_err();
        debug_assert!(!taken, "a new door has no tape");
        Ok(door)
    }

    /// Whether answers come from a recording. Scanners then skip sign-in and sign-out.
    pub fn replays(&self) -> bool {
        self.recorded_at().is_some()
    }

    /// When the recording behind this door was begun, so that a run from recordings can take it as its time.
    pub fn recorded_at(&self) -> Option<Instant> {
        match self.shared.tape.get() {
            Some(Tape::Playing(player)) => Some(player.recorded_at()),
            Some(Tape::Writing(_)) | None => None,
        }
    }

    /// The same door with a credential: shares pace, counters and recording.
    #[must_use]
    pub fn with_credential(&self, credential: Arc<dyn Credential>) -> Self {
        Self { shared: Arc::clone(&self.shared), credential, account: self.account.clone() }
    }

    /// The same door for one of several accounts behind the same hosts. `account` stands for the host in the pace, so
    /// that the limits of one account are not those of another, and in a recording, where the same request of two
    /// accounts has two answers.
    #[must_use]
    pub fn for_account(&self, account: impl Into<Arc<str>>) -> Self {
        Self { account: Some(account.into()), ..self.clone() }
    }

    /// Configured id of the system behind it.
    pub fn system(&self) -> &str {
        &self.shared.settings.system
    }

    /// The list of what may be sent.
    pub fn list(&self) -> &'static AllowList {
        self.shared.list
    }

    /// The pace.
    pub fn pace(&self) -> &Pace {
        &self.shared.pace
    }

    /// The clock this door was given; behind a recording, the time it was begun.
    pub fn now(&self) -> Instant {
        (self.shared.now)()
    }

    /// When this door was opened; behind a recording, when the recorded one was. What a request asks for ("since 90 days
    /// ago") is reckoned from here and never from [`Door::now`], so that a replay asks for the same.
    pub fn began(&self) -> Instant {
        self.recorded_at().unwrap_or_else(|| self.shared.clock.opened())
    }

    /// What it cost so far.
    pub fn effort(&self) -> Effort {
        self.shared.pace.effort()
    }

    /// Largest difference seen between our clock and the service's, where it is more than a minute (TIM-8). Positive:
    /// ours is ahead.
    pub fn skew(&self) -> Option<TimeDelta> {
        self.shared.clock.skew()
    }

    /// The row of the list that `request` is, if its origin is declared too.
    fn admit(&self, request: &Request) -> Result<&'static Operation, Cause> {
        let operation = self.shared.list.find_request(request).map_err(crate::allow::NotAllowed::into_cause)?;
        self.shared.origins.check(&request.url)?;
        Ok(operation)
    }
}
