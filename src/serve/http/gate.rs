//! From an accepted connection to a request with what is known of its sender.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use http::Request;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::Service;

use super::guard::{Guard, Mark, Watched};
use crate::serve::state::State;

/// Time for a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Whether the connection showed a client certificate of the configured authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClientCertificate(pub(super) bool);

/// Lets connections in.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    state: Arc<State>,
    guard: Arc<Guard>,
}

impl Gate {
    pub(super) fn new(state: Arc<State>, guard: Arc<Guard>) -> Self {
        Self { state, guard }
    }
}

type Entering<I, S> = Pin<Box<dyn Future<Output = io::Result<(Wire<Watched<I>>, Known<S>)>> + Send>>;

impl<I, S> Accept<I, S> for Gate
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Send + 'static,
{
    type Stream = Wire<Watched<I>>;
    type Service = Known<S>;
    type Future = Entering<I, S>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let ticket = self.guard.admit();
        // The present certificate, so that a renewed one is shown from the next connection on.
        let tls = self.state.door().tls.clone();
        Box::pin(async move {
            let full = || io::Error::new(io::ErrorKind::ConnectionRefused, "every connection is being answered");
            let ticket = ticket.ok_or_else(full)?;
            let mark = ticket.mark();
            let stream = Watched::new(stream, ticket);
            let Some(tls) = tls else {
                return Ok((Wire::Plain(stream), Known { inner: service, mark, certificate: false }));
            };
            let stream = tokio::time::timeout(HANDSHAKE, TlsAcceptor::from(tls).accept(stream)).await??;
            let certificate = stream.get_ref().1.peer_certificates().is_some_and(|chain| !chain.is_empty());
            Ok((Wire::Encrypted(Box::new(stream)), Known { inner: service, mark, certificate }))
        })
    }
}

/// A connection with or without encryption.
#[derive(Debug)]
pub(super) enum Wire<I> {
    Plain(I),
    Encrypted(Box<TlsStream<I>>),
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<I> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Encrypted(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<I> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Encrypted(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Encrypted(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Encrypted(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

/// A service that knows who is at the other end.
#[derive(Debug, Clone)]
pub(super) struct Known<S> {
    inner: S,
    mark: Mark,
    certificate: bool,
}

impl<S, B> Service<Request<B>> for Known<S>
where
    S: Service<Request<B>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let busy = self.mark.busy();
        request.extensions_mut().insert(ClientCertificate(self.certificate));
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answered = answer.await;
            drop(busy);
            answered
        })
    }
}
