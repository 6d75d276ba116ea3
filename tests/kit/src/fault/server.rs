//! The server.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use crate::canary::Canaries;

use super::damage::{Damage, http_date};
use super::limit::RateLimit;
use super::listen;
use super::rule::{On, Planted};
use super::script::{Logged, Operations, Script};
use super::tls::{Tls, set_up};
use super::{Answer, Asked};

/// What answers requests: a small service with state of its own, in the dialect of the system it stands for.
pub trait Stub: Send + Sync {
    /// The right answer. Never wrong on purpose: faults are the script's.
    fn answer(&self, asked: &Asked) -> Answer;
}

impl<F: Fn(&Asked) -> Answer + Send + Sync> Stub for F {
    fn answer(&self, asked: &Asked) -> Answer {
        self(asked)
    }
}

/// A server about to be started.
pub struct Build {
    script: Script,
    tls: Option<Tls>,
    http1_only: bool,
}

impl Build {
    /// How the test's list calls a request; `None` is a request outside the list, which fails the test (PRV-3). Give
    /// the crate's own table here, so that the list under test is the list that ships.
    #[must_use]
    pub fn operations(mut self, name: impl Fn(&Asked) -> Option<String> + Send + Sync + 'static) -> Self {
        let name: Operations = Arc::new(name);
        self.script.operations = Some(name);
        self
    }

    /// TLS, right or wrong.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// No HTTP/2, even where the client asks for it.
    #[must_use]
    pub fn http1_only(mut self) -> Self {
        self.http1_only = true;
        self
    }

    /// A limit on requests.
    #[must_use]
    pub fn limit(self, limit: RateLimit) -> Self {
        *self.script.limit.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(limit);
        self
    }

    /// Secrets that are planted in every answer.
    #[must_use]
    pub fn canaries(mut self, canaries: Arc<Canaries>) -> Self {
        self.script.canaries = Some(canaries);
        self
    }

    /// Every answer says that it was made at this instant, so that what is reckoned from the service's clock is the same in
    /// every reading. Without: the present.
    #[must_use]
    pub fn dated(mut self, at: DateTime<Utc>) -> Self {
        self.script.date = Some(http_date(at));
        self
    }

    /// Every answer is late by so much, as over a long line.
    #[must_use]
    pub fn latency(self, latency: Duration) -> Self {
        self.script.set_latency(latency);
        self
    }

    /// Starts it on a free port of `127.0.0.1`, on a thread of its own.
    ///
    /// # Panics
    /// If it does not start: a test without its server cannot go on.
    #[expect(clippy::panic, reason = "a test without its server cannot go on")]
    pub fn start(self) -> FaultServer {
        self.try_start().unwrap_or_else(|error| panic!("the fault server does not start: {error}"))
    }

    fn try_start(self) -> Result<FaultServer, Box<dyn std::error::Error + Send + Sync>> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let setup = self.tls.map(set_up).transpose()?;
        let scheme = if setup.is_some() { "https" } else { "http" };
        let origin = format!("{scheme}://{address}");
        let script = Arc::new(self.script);
        script.known_as(&origin);
        let (acceptor, roots) = setup.map_or((None, None), |setup| (setup.acceptor, Some(setup.roots)));
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("fault-server")
            .enable_all()
            .build()?;
        let task = listen::Task { script: Arc::clone(&script), acceptor, http1_only: self.http1_only };
        let thread = std::thread::Builder::new().name(String::from("fault-server")).spawn(move || {
            runtime.block_on(listen::accept(listener, task, stopped));
            runtime.shutdown_background();
        })?;
        Ok(FaultServer { script, origin, address, roots, stop: Some(stop), thread: Some(thread), checked: false })
    }
}

/// A running server. Dropping it checks what [`FaultServer::finish`] checks.
pub struct FaultServer {
    script: Arc<Script>,
    origin: String,
    address: SocketAddr,
    roots: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    checked: bool,
}

impl FaultServer {
    /// A plain-text server over this stub. Keep another `Arc` to it to change its state during the test.
    pub fn start(stub: Arc<impl Stub + 'static>) -> Self {
        Self::build(stub).start()
    }

    /// A server with settings.
    pub fn build(stub: Arc<impl Stub + 'static>) -> Build {
        Build { script: Script::new(stub), tls: None, http1_only: false }
    }

    /// Scheme, host and port: `http://127.0.0.1:40001`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The address of a path below it.
    pub fn url(&self, path: &str) -> String {
        format!("{}/{}", self.origin, path.trim_start_matches('/'))
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// PEM of the authority a client is told to trust; `None` without TLS.
    pub fn roots(&self) -> Option<&str> {
        self.roots.as_deref()
    }

    /// From now on links in answers lead to this origin: for a proxy before the server.
    pub fn known_as(&self, origin: &str) {
        self.script.known_as(origin);
    }

    /// Plants a fault. Several may meet the same request; they act in the order they were planted.
    pub fn plant(&self, on: On, damage: Damage) -> Planted {
        self.script.plant(on, damage)
    }

    /// From now on every answer is late by so much.
    pub fn latency(&self, latency: Duration) {
        self.script.set_latency(latency);
    }

    /// From now on there is this limit on requests, or none.
    pub fn limit(&self, limit: Option<RateLimit>) {
        *self.script.limit.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = limit;
    }

    /// Every request so far, in the order of arrival.
    pub fn log(&self) -> Vec<Logged> {
        self.script.log.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// How many requests came so far.
    pub fn count(&self) -> usize {
        self.script.log.lock().unwrap_or_else(std::sync::PoisonError::into_inner).len()
    }

    /// How many requests of one operation came so far.
    pub fn count_of(&self, operation: &str) -> usize {
        self.log().iter().filter(|logged| logged.asked.operation == operation).count()
    }

    /// Forgets the requests so far, and what was wrong with them. Counters of faults stay.
    pub fn forget(&self) {
        self.script.log.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
    }

    /// The highest number of requests that were being answered at one time.
    pub fn most_in_flight(&self) -> u64 {
        self.script.most_in_flight.load(Ordering::SeqCst)
    }

    /// Connections that ended before a request, such as TLS handshakes that the client broke off.
    pub fn failed_handshakes(&self) -> u64 {
        self.script.failed_handshakes.load(Ordering::SeqCst)
    }

    /// Connections accepted.
    pub fn connections(&self) -> u64 {
        self.script.connections.load(Ordering::SeqCst)
    }

    /// What is wrong by now: requests outside the list, faults that never fired, a stub that panicked.
    pub fn complaints(&self) -> Vec<String> {
        self.script.complaints()
    }

    /// Stops the server, fails the test if anything is wrong, and gives the requests.
    pub fn finish(mut self) -> Vec<Logged> {
        self.checked = true;
        self.halt();
        fail_on(&self.origin, &self.script.complaints());
        self.log()
    }

    /// Stops the server without any check: for tests of the kit itself, and for a service that is down.
    pub fn stop(mut self) {
        self.checked = true;
        self.halt();
    }

    fn halt(&mut self) {
        if let Some(stop) = self.stop.take()
            && stop.send(()).is_err()
        {
            // The thread has ended by itself; joining it is all that is left.
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            self.script.complain(String::from("the server's thread panicked"));
        }
    }
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        self.halt();
        if !self.checked && !std::thread::panicking() {
            fail_on(&self.origin, &self.script.complaints());
        }
    }
}

fn fail_on(origin: &str, complaints: &[String]) {
    assert!(complaints.is_empty(), "fault server {origin}:\n  {}", complaints.join("\n  "));
}
