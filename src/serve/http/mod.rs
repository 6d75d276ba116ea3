//! HTTP: who may ask what. It listens; it never connects.
//!
//! | file | what is in it |
//! |---|---|
//! | `guard.rs` | a bound on connections that slow ones cannot use up |
//! | `gate.rs` | encryption, and who is at the other end |
//! | `answer.rs` | checks that come before any path; headers; what is asked where |
//! | `api.rs` | runs as JSON |

mod answer;
mod api;
mod gate;
mod guard;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use tokio::task::JoinHandle;

pub use answer::App;

use gate::Gate;
use guard::Guard;

/// Open connections at the same time.
const MOST_CONNECTIONS: usize = 512;
/// Bytes of a request's head, and its header lines.
const LARGEST_HEAD: usize = 32 * 1024;
const MOST_HEADERS: usize = 64;
/// Time for a request's head, also for the next one on a connection that is kept.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// A listener that answers.
#[derive(Debug)]
pub struct Listening {
    /// Where it listens.
    pub address: SocketAddr,
    handle: Handle<SocketAddr>,
    task: JoinHandle<io::Result<()>>,
}

/// Takes the address, so that a service that cannot listen ends before it does anything.
///
/// # Errors
/// What the system said.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address)
}

/// Begins to answer.
///
/// # Errors
/// What the system said.
#[expect(clippy::disallowed_methods, reason = "the task is owned by `Listening`, which ends it")]
pub fn listen(listener: TcpListener, app: App) -> io::Result<Listening> {
    let address = listener.local_addr()?;
    let handle = Handle::new();
    let gate = Gate::new(Arc::clone(app.state()), Arc::new(Guard::new(MOST_CONNECTIONS)));
    let mut server = axum_server::from_tcp(listener)?
        .handle(handle.clone())
        .http1_only()
        .first_request_timeout(HEAD_TIME)
        .accept_error_handler(|_, error| tracing::debug!(event = "connection", %error))
        .acceptor(gate);
    server
        .http_builder()
        .http1()
        .max_buf_size(LARGEST_HEAD)
        .max_headers(MOST_HEADERS)
        .header_read_timeout(HEAD_TIME)
        .half_close(false);
    let router = Router::new().fallback(answer::answer).with_state(Arc::new(app));
    let task = tokio::spawn(server.serve(router.into_make_service()));
    Ok(Listening { address, handle, task })
}

impl Listening {
    /// Waits until it ends by itself, which it does not unless something is wrong.
    pub async fn ended(&mut self) -> String {
        match (&mut self.task).await {
            Ok(Ok(())) => String::from("it ended"),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// Takes no more connections, gives the present ones this time, and ends.
    pub async fn stop(self, patience: Duration) {
        self.handle.graceful_shutdown(Some(patience));
        let abort = self.task.abort_handle();
        if tokio::time::timeout(patience + Duration::from_millis(500), self.task).await.is_err() {
            abort.abort();
        }
    }
}
