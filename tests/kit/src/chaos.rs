//! A line that misbehaves: a TCP proxy on `127.0.0.1` before any server, TLS or not. What it did it counts, because a
//! test of a fault that never happened proves nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// How the line is. Everything holds at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Every piece is late by so much, in both directions.
    pub latency: Duration,
    /// At most so many bytes a second towards the client. `None`: as fast as it goes.
    pub bytes_per_second: Option<u64>,
    /// The connection is reset once so many bytes went to the client.
    pub reset_after: Option<u64>,
    /// The sending half towards the client is closed once so many bytes went there; the other half stays open.
    pub half_close_after: Option<u64>,
    /// Connections are accepted, and nothing that is sent ever arrives.
    pub black_hole: bool,
    /// So many connections are met by this; later ones find a good line.
    pub connections: u64,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            latency: Duration::ZERO,
            bytes_per_second: None,
            reset_after: None,
            half_close_after: None,
            black_hole: false,
            connections: u64::MAX,
        }
    }
}

/// What the proxy did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Connections accepted.
    pub connections: u64,
    /// Bytes towards the server.
    pub up: u64,
    /// Bytes towards the client.
    pub down: u64,
    /// Connections reset.
    pub resets: u64,
    /// Connections half closed.
    pub half_closes: u64,
    /// Connections swallowed.
    pub swallowed: u64,
}

#[derive(Debug, Default)]
struct Counters {
    connections: AtomicU64,
    up: AtomicU64,
    down: AtomicU64,
    resets: AtomicU64,
    half_closes: AtomicU64,
    swallowed: AtomicU64,
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    line: Mutex<(Line, u64)>,
    counters: Counters,
}

/// The proxy.
#[derive(Debug)]
pub struct ChaosProxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ChaosProxy {
    /// A good line to a port of this machine.
    ///
    /// # Panics
    /// If it does not start: a test without it cannot go on.
    #[expect(clippy::panic, reason = "documented above")]
    pub fn start(upstream_port: u16) -> Self {
        Self::try_start(upstream_port).unwrap_or_else(|error| panic!("the chaos proxy does not start: {error}"))
    }

    fn try_start(upstream_port: u16) -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream: SocketAddr::from((Ipv4Addr::LOCALHOST, upstream_port)),
            line: Mutex::new((Line::default(), 0)),
            counters: Counters::default(),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let inside = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name(String::from("chaos-proxy"))
            .spawn(move || runtime.block_on(accept(listener, inside, stopped)))?;
        Ok(Self { shared, address, stop: Some(stop), thread: Some(thread) })
    }

    /// The port a client is sent to.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The origin a client is sent to; tell it to the server as well ([`crate::fault::FaultServer::known_as`]), so that
    /// its links lead here.
    pub fn origin(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }

    /// From the next connection on the line is like this.
    pub fn set(&self, line: Line) {
        *self.shared.line.lock().unwrap_or_else(PoisonError::into_inner) = (line, 0);
    }

    /// What it did so far.
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        let counters = &self.shared.counters;
        Counts {
            connections: read(&counters.connections),
            up: read(&counters.up),
            down: read(&counters.down),
            resets: read(&counters.resets),
            half_closes: read(&counters.half_closes),
            swallowed: read(&counters.swallowed),
        }
    }
}

impl Drop for ChaosProxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            // Its panic has been printed; the test that used it will have failed.
        }
    }
}

async fn accept(listener: std::net::TcpListener, shared: Arc<Shared>, mut stopped: oneshot::Receiver<()>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let mut connections: JoinSet<()> = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => return,
            Some(_) = connections.join_next() => {}
            Ok((client, _)) = listener.accept() => {
                let line = shared.next_line();
                connections.spawn(connection(client, line, Arc::clone(&shared)));
            }
        }
    }
}

impl Shared {
    fn next_line(&self) -> Line {
        self.counters.connections.fetch_add(1, Ordering::SeqCst);
        let mut current = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let met = current.1 < current.0.connections;
        current.1 += 1;
        if met { current.0 } else { Line::default() }
    }
}

async fn connection(client: TcpStream, line: Line, shared: Arc<Shared>) {
    if line.black_hole {
        shared.counters.swallowed.fetch_add(1, Ordering::SeqCst);
        let (mut reader, _writer) = client.into_split();
        let mut nowhere = [0; 4096];
        // Ends when the client gives up.
        while matches!(reader.read(&mut nowhere).await, Ok(bytes) if bytes > 0) {}
        return;
    }
    let Ok(server) = TcpStream::connect(shared.upstream).await else { return };
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    let up = upwards(client_reads, server_writes, line, &shared);
    let down = downwards(server_reads, client_writes, line, &shared);
    tokio::pin!(up, down);
    tokio::select! {
        () = &mut up => {
            down.await;
        }
        over = &mut down => if over == End::HalfClosed { up.await },
    }
}

async fn upwards(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, line: Line, shared: &Shared) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(bytes) = from.read(&mut buffer).await {
        if bytes == 0 {
            break;
        }
        tokio::time::sleep(line.latency).await;
        shared.counters.up.fetch_add(bytes as u64, Ordering::SeqCst);
        if to.write_all(&buffer[..bytes]).await.is_err() {
            break;
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Closed,
    HalfClosed,
}

async fn downwards(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, line: Line, shared: &Shared) -> End {
    let counters = &shared.counters;
    let mut buffer = vec![0; 16 * 1024];
    let mut sent = 0_u64;
    while let Ok(bytes) = from.read(&mut buffer).await {
        if bytes == 0 {
            break;
        }
        tokio::time::sleep(line.latency).await;
        let end = line.reset_after.or(line.half_close_after);
        let left = end.map_or(u64::MAX, |end| end.saturating_sub(sent));
        let now = bytes.min(usize::try_from(left).unwrap_or(usize::MAX));
        if let Some(rate) = line.bytes_per_second {
            tokio::time::sleep(Duration::from_secs_f64(now as f64 / rate.max(1) as f64)).await;
        }
        // Counted before it happens, so that whoever sees it happen finds it counted.
        counters.down.fetch_add(now as u64, Ordering::SeqCst);
        if to.write_all(&buffer[..now]).await.is_err() {
            break;
        }
        sent += now as u64;
        if end.is_none_or(|end| sent < end) {
            continue;
        }
        if line.reset_after.is_some() {
            if to.as_ref().set_zero_linger().is_ok() {
                counters.resets.fetch_add(1, Ordering::SeqCst);
            }
            // Dropped as it is, this half would say goodbye first.
            to.forget();
            return End::Closed;
        }
        counters.half_closes.fetch_add(1, Ordering::SeqCst);
        if to.shutdown().await.is_err() {
            return End::Closed;
        }
        return End::HalfClosed;
    }
    End::Closed
}
