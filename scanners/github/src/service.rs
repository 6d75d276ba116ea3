//! octocrab over our door: it builds and carries the requests, and has no connection of its own.
//!
//! It signs nothing and repeats nothing either: the door puts the credential on after every wait, and decides about
//! repeats.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use http_body_util::{BodyExt, Full};
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};
use scan_contract::Cause;
use scan_transport::{Door, Reply, Request};
use url::Url;

/// One exchange through the door.
#[derive(Clone)]
pub(crate) struct DoorService {
    door: Door,
    version: HeaderValue,
}

impl DoorService {
    /// A service over `door`, pinned to one version of the interface.
    pub(crate) fn new(door: Door, version: HeaderValue) -> Self {
        Self { door, version }
    }

    /// An octocrab that has no other way out. Has to be called inside a runtime.
    pub(crate) fn octocrab(self) -> Octocrab {
        match OctocrabBuilder::new_empty().with_service(self).with_auth(AuthState::None).build() {
            Ok(octocrab) => octocrab,
            Err(never) => match never {},
        }
    }
}

impl tower::Service<http::Request<OctoBody>> for DoorService {
    type Response = http::Response<Full<Bytes>>;
    type Error = Cause;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Cause>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Cause>> {
        // The door waits inside each exchange, where its time counts against that request.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<OctoBody>) -> Self::Future {
        let (door, version) = (self.door.clone(), self.version.clone());
        Box::pin(async move {
            let reply = door.send(translate(request, version).await?).await?;
            Ok(carry(reply))
        })
    }
}

async fn translate(request: http::Request<OctoBody>, version: HeaderValue) -> Result<Request, Cause> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| bug("a request body could not be read"))?.to_bytes();
    let url = Url::parse(&parts.uri.to_string()).map_err(|_| bug("octocrab made an address that is none"))?;
    let mut headers = parts.headers;
    // The length is the transport's to say.
    headers.remove(http::header::CONTENT_LENGTH);
    headers.insert(http::header::ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
    headers.insert(http::header::USER_AGENT, HeaderValue::from_static(concat!("holdover/", env!("CARGO_PKG_VERSION"))));
    headers.insert(HeaderName::from_static("x-github-api-version"), version);
    Ok(Request { method: parts.method, url, headers, body })
}

/// The whole reply travels beside the response: octocrab knows nothing of its operation, its time and its limits.
fn carry(reply: Reply) -> http::Response<Full<Bytes>> {
    let mut response = http::Response::new(Full::new(reply.body.clone()));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers.clone();
    response.extensions_mut().insert(reply);
    response
}

/// What octocrab hands back, as our own reply.
pub(crate) fn reply_of<B>(response: Result<http::Response<B>, octocrab::Error>) -> Result<Reply, Cause> {
    match response {
        Ok(response) => {
            let (mut parts, _) = response.into_parts();
            parts.extensions.remove::<Reply>().ok_or_else(|| bug("a response came from elsewhere"))
        }
        Err(octocrab::Error::Service { source, .. }) => match source.downcast::<Cause>() {
            Ok(cause) => Err(*cause),
            Err(_) => Err(bug("octocrab's queue has ended")),
        },
        Err(_) => Err(bug("octocrab could not make the request")),
    }
}

pub(crate) fn bug(what: &str) -> Cause {
    Cause::Bug { what: format!("github: {what}") }
}
