//! How fast: permits in flight, a token bucket, and what the service says of its limits; one pace per credential and
//! host.
//!
//! A refusal for a limit makes the refused request wait. It makes everything else wait too when the service means it
//! for all: a secondary limit, a window that is used up, three refusals in a row, or a wait of five seconds and more.

mod bucket;
mod window;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use scan_contract::{Cause, Effort};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant as Tick;

use self::bucket::Bucket;
use self::window::Window;
use crate::dialect::{Announced, Dialect, Signal, Wait};
use crate::door::Now;
use crate::reply::Reply;
use crate::settings::PaceSettings;
use crate::wire::Wire;

/// Retries that are always allowed, so that a short run can have some: the share of few requests is none.
const FEW_RETRIES: u64 = 25;
/// Refusals in a row after which everything waits.
const IN_A_ROW: u32 = 3;
/// A wait so long is meant for everything.
const LONG: Duration = Duration::from_secs(5);
/// A secondary limit without a hint (docs.github.com, "Exceeding the rate limit": at least one minute, then ever longer).
const MINUTE: Duration = Duration::from_mins(1);
/// Longest own backoff before jitter.
const BACKOFF: Duration = Duration::from_mins(1);
/// Most limits remembered of one host.
const WINDOWS: usize = 256;

/// The pace of one system. Cheap to clone; all clones share it.
#[derive(Clone)]
pub struct Pace {
    inner: Arc<Inner>,
}

struct Inner {
    settings: PaceSettings,
    dialect: Dialect,
    now: Now,
    passing: Passing,
    state: Mutex<State>,
    permits: Arc<Semaphore>,
    counted: Counted,
}

/// How time passes for a door.
pub(crate) enum Passing {
    /// By the machine's clock.
    Really,
    /// Behind a recording nobody is waited for.
    NotAtAll,
    /// As a wire says, counted from this moment.
    OnWire(Arc<dyn Wire>, Tick),
}

impl Passing {
    fn tick(&self) -> Tick {
        match self {
            Self::Really | Self::NotAtAll => Tick::now(),
            Self::OnWire(wire, laid) => *laid + wire.passed(),
        }
    }

    async fn sleep(&self, time: Duration) {
        match self {
            Self::Really | Self::NotAtAll => tokio::time::sleep(time).await,
            Self::OnWire(wire, _) => wire.rest(time).await,
        }
    }
}

/// Sums of one door.
#[derive(Default)]
struct Counted {
    requests: AtomicU64,
    retries: AtomicU64,
    failures: AtomicU64,
    throttled: AtomicU64,
    waited: AtomicU64,
    received: AtomicU64,
}

struct State {
    hosts: HashMap<String, HostPace>,
    random: u64,
}

struct HostPace {
    bucket: Bucket,
    paused_until: Option<Tick>,
    in_a_row: u32,
    windows: BTreeMap<String, Window>,
    /// Which limit an operation counts against, learned from its answers.
    keys: BTreeMap<&'static str, String>,
}

/// A permit: while it lives, one request may be in flight.
#[derive(Debug)]
pub struct Permit {
    _held: Option<OwnedSemaphorePermit>,
}

impl std::fmt::Debug for Pace {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Pace").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}

impl Pace {
    /// A pace with nothing learned yet. Settings that cannot hold are brought to the nearest that can.
    pub(crate) fn new(settings: PaceSettings, dialect: Dialect, now: Now, passing: Passing) -> Self {
        let between = |value: f64, low: f64, high: f64| if value.is_finite() { value.clamp(low, high) } else { low };
        let settings = PaceSettings {
            per_second: between(settings.per_second, 0.01, 10_000.0),
            burst: settings.burst.max(1),
            in_flight: settings.in_flight.clamp(1, 1024),
            share: between(settings.share, 0.01, 1.0),
            retry_share: between(settings.retry_share, 0.0, 1.0),
            attempts: settings.attempts.max(1),
            longest_wait: settings.longest_wait,
        };
        let seed = now().timestamp_nanos_opt().unwrap_or(1).unsigned_abs() | 1;
        let permits = Arc::new(Semaphore::new(settings.in_flight));
        let state = Mutex::new(State { hosts: HashMap::new(), random: seed });
        Self { inner: Arc::new(Inner { settings, dialect, now, passing, state, permits, counted: Counted::default() }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The present moment, for durations.
    pub(crate) fn tick(&self) -> Tick {
        self.inner.passing.tick()
    }

    /// What was set, after it was brought within bounds.
    pub fn settings(&self) -> PaceSettings {
        self.inner.settings
    }

    /// Takes a place in the bucket of `host` and says how long to wait before the request may be made. For libraries
    /// that sleep and sign by themselves; [`crate::Door::send`] does it for everybody else.
    ///
    /// # Errors
    /// `Throttled` when the service's limits would make it wait longer than allowed.
    pub fn reserve(&self, host: &str) -> Result<Duration, Cause> {
        self.reserve_for(host, "")
    }

    /// As [`Pace::reserve`], for an operation whose limit may be known.
    pub(crate) fn reserve_for(&self, host: &str, operation: &'static str) -> Result<Duration, Cause> {
        if matches!(self.inner.passing, Passing::NotAtAll) {
            return Ok(Duration::ZERO);
        }
        let now = self.tick();
        let settings = self.inner.settings;
        let mut state = self.state();
        let pace = state.host(host, now, &settings);
        let held = pace.held(operation, now, settings.share);
        if held > settings.longest_wait {
            return Err(self.throttled(held));
        }
        // A long queue of our own is nobody's limit, and ends.
        let wait = pace.bucket.delay(now).max(held);
        pace.bucket.take(now);
        if let Some(window) = pace.window_of(operation) {
            window.spend(now + wait);
        }
        Ok(wait)
    }

    /// Takes another place in the bucket of `host`, after a pause that held many: they must not all go at once.
    pub(crate) fn queue_again(&self, host: &str) -> Duration {
        let now = self.tick();
        let settings = self.inner.settings;
        let mut state = self.state();
        let pace = state.host(host, now, &settings);
        let wait = pace.bucket.delay(now);
        pace.bucket.take(now);
        wait
    }

    /// How long `host` still wants nothing of this operation.
    pub(crate) fn held(&self, host: &str, operation: &'static str) -> Result<Duration, Cause> {
        let now = self.tick();
        let settings = self.inner.settings;
        let held = self.state().host(host, now, &settings).paused(operation, now);
        if held > settings.longest_wait { Err(self.throttled(held)) } else { Ok(held) }
    }

    fn throttled(&self, wait: Duration) -> Cause {
        let until = TimeDelta::from_std(wait).ok().and_then(|wait| (self.inner.now)().checked_add_signed(wait));
        Cause::Throttled { until }
    }

    /// Waits for a permit.
    ///
    /// # Errors
    /// `Stopped` when the pace is being taken down.
    pub async fn permit(&self) -> Result<Permit, Cause> {
        let held = Arc::clone(&self.inner.permits).acquire_owned().await.map_err(|_| Cause::Stopped)?;
        Ok(Permit { _held: Some(held) })
    }

    /// Waits, and counts it.
    pub(crate) async fn sleep(&self, wait: Duration) {
        if wait.is_zero() {
            return;
        }
        let began = self.tick();
        self.inner.passing.sleep(wait).await;
        self.waited(self.tick().saturating_duration_since(began));
    }

    /// Counts a wait that a library made by itself after [`Pace::reserve`] or [`Pace::retry`].
    pub fn waited(&self, wait: Duration) {
        let nanos = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        self.inner.counted.waited.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Whether a request may be repeated, and after how long: the service's hint where it gives one, else our own
    /// backoff with jitter and a floor of one second, out of the retry budget (TIM-2, TIM-6). `attempt` counts from 1.
    ///
    /// # Errors
    /// `Throttled` or the given cause, when the budget, the attempts or the longest wait are used up.
    pub fn retry(&self, host: &str, attempt: u32, wait: Wait, otherwise: Cause) -> Result<Duration, Cause> {
        let settings = self.inner.settings;
        if attempt >= settings.attempts {
            return Err(otherwise);
        }
        let now = self.tick();
        let mut state = self.state();
        let retries = self.inner.counted.retries.load(Ordering::Relaxed);
        let requests = self.inner.counted.requests.load(Ordering::Relaxed);
        if retries >= FEW_RETRIES && retries as f64 >= settings.retry_share * requests as f64 {
            tracing::warn!(host, retries, requests, "retry budget used up");
            return Err(otherwise);
        }
        let random = state.random();
        let pace = state.host(host, now, &settings);
        let said = matches!(wait, Wait::For(_));
        let wait = match wait {
            Wait::For(wait) => wait.saturating_add((wait / 10).min(LONG).mul_f64(random)),
            Wait::NotSaid => backoff(attempt, random),
        };
        let limited = matches!(otherwise, Cause::Throttled { .. });
        if limited && pace.in_a_row >= IN_A_ROW {
            pace.pause(now + wait);
        }
        if wait > settings.longest_wait {
            // A backoff of our own is no limit of the service: what went wrong is told, not the wait for it.
            return Err(if limited || said { self.throttled(wait) } else { otherwise });
        }
        self.inner.counted.retries.fetch_add(1, Ordering::Relaxed);
        Ok(wait)
    }

    /// Learns from the headers of an answer. [`crate::Door::send`] and [`crate::Door::exchange`] have done it already
    /// for what they return.
    pub fn learn(&self, host: &str, reply: &Reply) {
        let dialect = self.inner.dialect;
        let signal = dialect.read(reply);
        let now = self.tick();
        let settings = self.inner.settings;
        let mut state = self.state();
        let pace = state.host(host, now, &settings);
        let limited = matches!(signal, Signal::Throttled(_));
        pace.in_a_row = if limited { pace.in_a_row.saturating_add(1) } else { 0 };
        pace.bucket.hear(now, limited || dialect.warns(reply));
        let announced = dialect.announced(reply);
        if let Some(announced) = &announced {
            pace.hear(reply.operation, announced, now, limited);
        }
        if let Signal::Throttled(wait) = signal
            && dialect.is_secondary(reply)
        {
            let unsaid = MINUTE * (1 << pace.in_a_row.clamp(1, 5) >> 1);
            // Half of what a single wait may be: it is to be waited for, not to end the scope.
            let unsaid = unsaid.min((settings.longest_wait / 2).max(Duration::from_secs(1)));
            pace.pause(now + if let Wait::For(wait) = wait { wait } else { unsaid });
        }
        // A window that is used up holds its own requests; any other long wait is meant for all.
        let used_up = announced.is_some_and(|announced| announced.remaining == 0);
        if let Signal::Throttled(Wait::For(wait)) = signal
            && wait >= LONG
            && !used_up
        {
            pace.pause(now + wait);
        }
        if limited {
            self.inner.counted.throttled.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts one request that goes out.
    pub(crate) fn count_request(&self) {
        self.inner.counted.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a repeat that needs no budget: after a renewed credential.
    pub(crate) fn count_repeat(&self) {
        self.inner.counted.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request that stays without an answer.
    pub(crate) fn count_failure(&self) {
        self.inner.counted.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts bytes of a body.
    pub(crate) fn count_received(&self, bytes: usize) {
        self.inner.counted.received.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// What it cost so far.
    pub fn effort(&self) -> Effort {
        let counted = &self.inner.counted;
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Effort {
            requests: of(&counted.requests),
            retries: of(&counted.retries),
            failures: of(&counted.failures),
            throttled: of(&counted.throttled),
            waited: Duration::from_nanos(of(&counted.waited)),
            received: of(&counted.received),
        }
    }
}

/// Between one second and one second more than twice the wait before, at random, so that many do not come at once.
fn backoff(attempt: u32, random: f64) -> Duration {
    let doubled = Duration::from_secs(1_u64 << attempt.saturating_sub(1).min(6)).min(BACKOFF);
    Duration::from_secs(1) + doubled.mul_f64(random)
}

impl State {
    fn host(&mut self, host: &str, now: Tick, settings: &PaceSettings) -> &mut HostPace {
        self.hosts.entry(String::from(host)).or_insert_with(|| HostPace::new(now, settings))
    }

    /// From 0 to below 1 (xorshift64). Spreads waits; nothing secret hangs on it.
    fn random(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as f64 / (1_u64 << 53) as f64
    }
}

impl HostPace {
    fn new(now: Tick, settings: &PaceSettings) -> Self {
        Self {
            bucket: Bucket::new(now, settings.per_second, settings.burst),
            paused_until: None,
            in_a_row: 0,
            windows: BTreeMap::new(),
            keys: BTreeMap::new(),
        }
    }

    fn pause(&mut self, until: Tick) {
        self.paused_until = Some(self.paused_until.map_or(until, |before| before.max(until)));
    }

    fn window_of(&mut self, operation: &'static str) -> Option<&mut Window> {
        let key = self.keys.get(operation).map_or("", String::as_str);
        self.windows.get_mut(key)
    }

    /// Time until the host wants anything at all: its pause, or a window that is used up.
    fn paused(&mut self, operation: &'static str, now: Tick) -> Duration {
        let pause = self.paused_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        let closed = self.window_of(operation).map_or(Duration::ZERO, |window| window.closed(now));
        pause.max(closed)
    }

    /// Time until the next request may go, for its limits.
    fn held(&mut self, operation: &'static str, now: Tick, share: f64) -> Duration {
        let paused = self.paused(operation, now);
        let paced = self.window_of(operation).map_or(Duration::ZERO, |window| window.delay(now, share));
        paused.max(paced)
    }

    fn hear(&mut self, operation: &'static str, announced: &Announced, now: Tick, limited: bool) {
        // A refusal may speak of another limit than the answers did, such as that of concurrent requests
        // (developer.okta.com, "Rate limit best practices"). Its wait is kept, its figures are not.
        let other = |window: &Window| limited && announced.limit.is_some_and(|limit| limit != window.limit());
        if self.windows.get(&announced.key).is_some_and(other) {
            return;
        }
        if self.windows.len() >= WINDOWS && !self.windows.contains_key(&announced.key) {
            return;
        }
        self.windows.entry(announced.key.clone()).or_insert_with(|| Window::new(announced, now)).hear(announced, now);
        if !operation.is_empty() && self.keys.get(operation) != Some(&announced.key) {
            self.keys.insert(operation, announced.key.clone());
        }
    }
}
