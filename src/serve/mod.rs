//! The service: runs by a schedule, metrics and a page over HTTP.
//!
//! It is given how a configuration is loaded and how a scan is done ([`host`]), so it opens no roster, no store and no
//! connection of its own. It listens, and that alone.
//!
//! | file | what is in it |
//! |---|---|
//! | [`host`] | what it is given |
//! | [`schedule`] | when runs start: arithmetic over the clock's answers |
//! | [`runner`] | the one task that starts, reloads and stops |
//! | [`state`] | what it knows of itself |
//! | [`door`], [`tls`] | who may ask, and the certificate |
//! | [`http`] | what may be asked |
//! | [`page_port`] | what the web page is asked, and what it answers |
//! | [`reload`] | whether files changed |
//! | [`notify`] | what the service manager is told |

pub mod door;
pub mod host;
pub mod http;
pub mod notify;
pub mod page_port;
pub mod reload;
pub mod runner;
pub mod schedule;
pub mod state;
pub mod tls;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use scan_contract::SystemId;
use thiserror::Error;
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::metrics::BuildInfo;

use host::{Host, Work};
use http::App;
use runner::{Runner, Signals, SystemTimer};
use schedule::Schedule;
use state::State;

/// How long answers that are under way have once the service stops.
const HTTP_STOP_TIME: Duration = Duration::from_secs(1);
/// Requests for runs that wait for the scheduler to look.
const ASKS: usize = 16;

/// Why the service ended by itself.
#[derive(Debug, Error)]
pub enum ServeError {
    /// It could not listen.
    #[error("listening on {address}")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// What came back.
        #[source]
        source: io::Error,
    },
    /// What the last run left could not be read.
    #[error("reading what the last run left: {0}")]
    Store(String),
    /// The listener ended.
    #[error("the listener ended: {0}")]
    Ended(String),
}

/// Runs the service until it is told to stop.
///
/// # Errors
/// Why it could not begin, or ended by itself.
pub async fn run(
    host: Arc<dyn Host>,
    work: Arc<dyn Work>,
    clock: Arc<dyn Clock>,
    build: BuildInfo,
    mut signals: Signals,
) -> Result<(), ServeError> {
    let settings = work.settings();
    let address = settings.listen;
    let listener = http::bind(address).map_err(|source| ServeError::Listen { address, source })?;
    let remembered = work.remembered().map_err(ServeError::Store)?;
    let now = clock.now();
    let everything = work.systems();
    let last = |systems: &[SystemId]| {
        let of = if systems.is_empty() { &everything } else { systems };
        remembered.as_ref().and_then(|remembered| remembered.last_run(of))
    };
    let schedule = Schedule::begin(settings, work.seed(), now, &last);
    let encrypted = settings.tls.is_some();
    let families = remembered.as_ref().and_then(|remembered| remembered.families.clone());
    if let Some(says) = remembered.as_ref().and_then(|remembered| remembered.trouble.as_deref()) {
        host.note(&format!("{}; every start is done once more", crate::hostile::line(says)));
    }
    let state = Arc::new(State::new(work, families, now, clock.monotonic()));
    let (sender, asks) = mpsc::channel(ASKS);
    let app = App::new(Arc::clone(&state), Arc::clone(&clock), sender, build);
    let mut listening = http::listen(listener, app).map_err(|source| ServeError::Listen { address, source })?;
    let scheme = if encrypted { "https" } else { "http" };
    host.note(&format!("listening on {scheme}://{}", listening.address));
    for next in schedule.next_runs() {
        let at = next.at.map_or_else(|| String::from("never"), |at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string());
        host.note(&format!("{}: next run {at}", next.schedule));
    }
    let mut runner = Runner::new(Arc::clone(&host), clock, Arc::new(SystemTimer), state, schedule);
    notify::ready(&format!("listening on {scheme}://{}", listening.address));
    let ended = tokio::select! {
        () = runner.run(asks, &mut signals) => None,
        says = listening.ended() => Some(says),
    };
    notify::stopping();
    let (_, ()) = tokio::join!(runner.stop(), async {
        if ended.is_none() {
            listening.stop(HTTP_STOP_TIME).await;
        }
    });
    match ended {
        None => Ok(()),
        Some(says) => Err(ServeError::Ended(says)),
    }
}
