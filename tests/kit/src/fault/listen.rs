//! Accepts connections and speaks HTTP on them.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::asked::Asked;
use super::body::{Ended, Pieces};
use super::damage::{Plan, Sudden};
use super::script::Script;
use super::wire::Wire;

#[derive(Clone)]
pub(super) struct Task {
    pub(super) script: Arc<Script>,
    pub(super) acceptor: Option<TlsAcceptor>,
    pub(super) http1_only: bool,
}

pub(super) async fn accept(listener: std::net::TcpListener, task: Task, mut stopped: oneshot::Receiver<()>) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return task.script.complain(format!("listening: {error}")),
    };
    let mut connections: JoinSet<()> = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => return,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    task.script.connections.fetch_add(1, Ordering::SeqCst);
                    connections.spawn(connection(stream, task.clone()));
                }
                Err(error) => task.script.complain(format!("accepting: {error}")),
            },
        }
    }
}

async fn connection(stream: TcpStream, task: Task) {
    if let Err(error) = stream.set_nodelay(true) {
        return task.script.complain(format!("no delay: {error}"));
    }
    let reset = Arc::new(AtomicBool::new(false));
    let wire = Wire::new(stream, Arc::clone(&reset));
    match task.acceptor.clone() {
        None => speak(wire, task, reset).await,
        Some(acceptor) => match acceptor.accept(wire).await {
            Ok(tls) => speak(tls, task, reset).await,
            Err(_) => {
                task.script.failed_handshakes.fetch_add(1, Ordering::SeqCst);
            }
        },
    }
}

async fn speak<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, task: Task, reset: Arc<AtomicBool>) {
    let script = task.script;
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (script, reset) = (Arc::clone(&script), Arc::clone(&reset));
        async move { exchange(&script, reset, request).await }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    if task.http1_only {
        builder = builder.http1_only();
    }
    // What goes wrong on a connection from here on is either planted or the client's to tell.
    if builder.serve_connection(TokioIo::new(stream), service).await.is_err() {}
}

async fn exchange(
    script: &Script,
    reset: Arc<AtomicBool>,
    request: http::Request<Incoming>,
) -> Result<http::Response<Pieces>, Ended> {
    let now = script.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
    script.most_in_flight.fetch_max(now, Ordering::SeqCst);
    let answered = answer(script, reset, request).await;
    script.in_flight.fetch_sub(1, Ordering::SeqCst);
    answered
}

async fn answer(
    script: &Script,
    reset: Arc<AtomicBool>,
    request: http::Request<Incoming>,
) -> Result<http::Response<Pieces>, Ended> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_or_else(|_| Bytes::new(), http_body_util::Collected::to_bytes);
    let head = parts.method == http::Method::HEAD;
    // A stub may take its time, or ask another server.
    let plan = tokio::task::block_in_place(|| script.decide(Asked::new(&parts, body, &script.origin())));
    if !plan.before.is_zero() {
        tokio::time::sleep(plan.before).await;
    }
    match plan.at_once {
        Some(Sudden::Reset) => {
            reset.store(true, Ordering::SeqCst);
            Err(Ended)
        }
        Some(Sudden::Silence) => {
            let never: Result<Infallible, Ended> = std::future::pending().await;
            Err(never.map_or_else(|ended| ended, |impossible| match impossible {}))
        }
        None => Ok(response(plan, head, reset)),
    }
}

fn response(plan: Plan, head: bool, reset: Arc<AtomicBool>) -> http::Response<Pieces> {
    let Plan { answer, pieces, length, .. } = plan;
    let body = match pieces {
        _ if head => Pieces::whole(Bytes::new()),
        Some(pieces) => Pieces::scripted(pieces, reset),
        None => Pieces::whole(answer.body),
    };
    let mut response = http::Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or(http::StatusCode::IM_A_TEAPOT);
    *response.headers_mut() = answer.headers;
    let bodiless = answer.status == 204 || answer.status == 304 || answer.status < 200;
    if let Some(length) = length.filter(|_| !bodiless)
        && !response.headers().contains_key(http::header::CONTENT_LENGTH)
    {
        response.headers_mut().insert(http::header::CONTENT_LENGTH, http::HeaderValue::from(length));
    }
    response
}
